//===- JobTest.cpp - what launchers say of a rank -------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "job.h"
#include "error.h"

#include <gtest/gtest.h>
#include <map>

using namespace gptc;

using Variables = std::map<std::string, std::string>;

/// `rank/world@local address:port token`, with `?` where there may be no job.
static std::string read(const Variables &variables) {
  try {
    auto job = jobOf([&](const char *name) {
      auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    });
    if (!job)
      return "none";
    return std::to_string(job->rank) + "/" + std::to_string(job->world) + "@" +
           std::to_string(job->local) + " " + job->address + ":" +
           std::to_string(job->port) + " " + job->token +
           (job->isDoubtful ? "?" : "");
  } catch (const Error &error) {
    return error.what();
  }
}

TEST(Job, ReadsWhatTorchrunSets) {
  Variables variables;
  EXPECT_EQ(read(variables), "none");
  variables["WORLD_SIZE"] = "1";
  EXPECT_EQ(read(variables), "none");
  variables["WORLD_SIZE"] = "4";
  EXPECT_EQ(read(variables),
            "WORLD_SIZE is set and RANK is not: a launcher sets RANK, "
            "WORLD_SIZE, MASTER_ADDR and MASTER_PORT; --nproc N needs none");
  variables["RANK"] = "4";
  variables["MASTER_PORT"] = "29500";
  EXPECT_EQ(read(variables), "RANK=4: a whole number from 0 to 3 was expected");
  variables["RANK"] = "3";
  EXPECT_EQ(read(variables), "WORLD_SIZE is set and MASTER_ADDR is not");
  variables["MASTER_ADDR"] = "node1";
  EXPECT_EQ(read(variables), "3/4@3 node1:29500 ");
  variables["LOCAL_RANK"] = "1";
  variables["TORCHELASTIC_RUN_ID"] = "17";
  variables["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  EXPECT_EQ(read(variables), "3/4@1 node1:29501 17");
  variables["GPTC_JOB_TOKEN"] = "mine";
  EXPECT_EQ(read(variables), "3/4@1 node1:29501 mine");
  variables["WORLD_SIZE"] = "";
  EXPECT_EQ(read(variables),
            "WORLD_SIZE=: a whole number from 1 to 1024 was expected");
}

TEST(Job, ReadsWhatOpenMpiSets) {
  Variables variables = {{"OMPI_COMM_WORLD_SIZE", "8"},
                         {"OMPI_COMM_WORLD_RANK", "5"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "8"},
                         {"PMIX_NAMESPACE", "1234"},
                         {"SLURM_PROCID", "0"},
                         {"SLURM_NTASKS", "2"}};
  EXPECT_EQ(read(variables), "5/8@1 127.0.0.1:29500 1234");
  variables["OMPI_COMM_WORLD_LOCAL_SIZE"] = "4";
  EXPECT_EQ(read(variables),
            "the 8 ranks of OMPI_COMM_WORLD_SIZE are on several hosts, and "
            "MASTER_ADDR, the host of rank 0, is not set: mpirun -x "
            "MASTER_ADDR=HOST");
  variables["MASTER_ADDR"] = "node1";
  variables["MASTER_PORT"] = "4000";
  EXPECT_EQ(read(variables), "5/8@1 node1:4000 1234");
  variables["OMPI_COMM_WORLD_SIZE"] = "1";
  EXPECT_EQ(read(variables), "none");
}

TEST(Job, ReadsWhatSlurmSets) {
  Variables variables = {
      {"SLURM_PROCID", "5"}, {"SLURM_NTASKS", "8"}, {"SLURM_LOCALID", "1"}};
  EXPECT_EQ(read(variables), "SLURM_NTASKS is set, and neither MASTER_ADDR nor "
                             "SLURM_JOB_NODELIST says where the ranks meet");
  variables["SLURM_JOB_NODELIST"] = "gpu[007-011,20],other";
  variables["SLURM_JOB_ID"] = "9123";
  EXPECT_EQ(read(variables), "5/8@1 gpu007:20123 9123?");
  variables["SLURM_STEP_ID"] = "0";
  EXPECT_EQ(read(variables), "5/8@1 gpu007:20123 9123");
  for (const char *list : {"node1,node[2-3]", "node1"}) {
    variables["SLURM_STEP_NODELIST"] = list;
    EXPECT_EQ(read(variables), "5/8@1 node1:20123 9123");
  }
  variables["SLURM_STEP_NODELIST"] = "node[4,7]";
  EXPECT_EQ(read(variables), "5/8@1 node4:20123 9123");
  variables["SLURM_NNODES"] = "1";
  EXPECT_EQ(read(variables), "5/8@1 127.0.0.1:20123 9123");
  variables["MASTER_ADDR"] = "node2";
  variables["MASTER_PORT"] = "4000";
  variables["GPTC_JOB_TOKEN"] = "mine";
  EXPECT_EQ(read(variables), "5/8@1 node2:4000 mine");
  // A step of one process in an allocation for several.
  variables["SLURM_STEP_NUM_TASKS"] = "1";
  EXPECT_EQ(read(variables), "none");
  variables["SLURM_STEP_NUM_TASKS"] = "4";
  EXPECT_EQ(read(variables),
            "SLURM_PROCID=5: a whole number from 0 to 3 was expected");
}
