//===- job.cpp - what a launcher says of a rank ---------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "job.h"

#include "error.h"

#include <cstdlib>
#include <cstring>

using namespace gptc;

static constexpr long kMostRanks = 1024, kMostPorts = 65535;
/// Where Open MPI's ranks meet unless they are told; Slurm's jobs spread from
/// another one on.
static constexpr int kPort = 29500, kFirstSlurmPort = 20000, kSlurmPorts = 9000;

namespace {
class Reader {
public:
  explicit Reader(const Environment &environment) : environment(environment) {}

  bool has(const char *name) const { return text(name) != nullptr; }
  const char *text(const char *name) const {
    const char *found = environment(name);
    return found && *found ? found : nullptr;
  }
  /// The first variable of these that is set.
  const char *first(std::initializer_list<const char *> names) const {
    for (const char *name : names)
      if (const char *found = text(name))
        return found;
    return nullptr;
  }
  long number(const char *name, long least, long most) const {
    const char *found = environment(name);
    char *end = nullptr;
    long value = found ? std::strtol(found, &end, 10) : 0;
    if (!found || !*found || *end || value < least || value > most)
      fail("{}={}: a whole number from {} to {} was expected", name,
           found ? found : "", least, most);
    return value;
  }

private:
  const Environment &environment;
};
} // namespace

/// Rank, world and place on the host from variables of these names.
static Job ranksOf(const Reader &reader, const char *rank, const char *world,
                   const char *local) {
  Job job;
  job.worldName = world;
  job.world = unsigned(reader.number(world, 1, kMostRanks));
  if (job.world == 1)
    return job;
  job.rank = unsigned(reader.number(rank, 0, long(job.world) - 1));
  job.local = reader.has(local)
                  ? unsigned(reader.number(local, 0, long(job.world) - 1))
                  : job.rank;
  return job;
}

static Job torchJob(const Reader &reader) {
  for (const char *name : {"RANK", "MASTER_PORT"})
    if (!reader.has(name) && reader.number("WORLD_SIZE", 1, kMostRanks) != 1)
      fail("WORLD_SIZE is set and {} is not: a launcher sets RANK, WORLD_SIZE, "
           "MASTER_ADDR and MASTER_PORT; --nproc N needs none",
           name);
  Job job = ranksOf(reader, "RANK", "WORLD_SIZE", "LOCAL_RANK");
  if (job.world == 1)
    return job;
  job.port = int(reader.number("MASTER_PORT", 1, kMostPorts));
  if (!reader.has("MASTER_ADDR"))
    fail("WORLD_SIZE is set and MASTER_ADDR is not");
  job.address = reader.text("MASTER_ADDR");
  const char *store = reader.text("TORCHELASTIC_USE_AGENT_STORE");
  if (store && std::strcmp(store, "True") == 0)
    ++job.port;
  if (const char *token = reader.text("TORCHELASTIC_RUN_ID"))
    job.token = token;
  return job;
}

static Job openMpiJob(const Reader &reader) {
  Job job = ranksOf(reader, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                    "OMPI_COMM_WORLD_LOCAL_RANK");
  const char *local = reader.text("OMPI_COMM_WORLD_LOCAL_SIZE");
  bool oneHost = local && std::strtol(local, nullptr, 10) == long(job.world);
  job.port = kPort;
  job.address = "127.0.0.1";
  if (job.world > 1 && !oneHost && !reader.has("MASTER_ADDR"))
    fail("the {} ranks of OMPI_COMM_WORLD_SIZE are on several hosts, and "
         "MASTER_ADDR, the host of rank 0, is not set: mpirun -x "
         "MASTER_ADDR=HOST",
         job.world);
  if (const char *token = reader.text("PMIX_NAMESPACE"))
    job.token = token;
  return job;
}

/// The first of `node[03-07,12],other`.
static std::string firstHost(const std::string &list) {
  size_t open = list.find_first_of("[,");
  if (open == std::string::npos || list[open] == ',')
    return list.substr(0, open);
  size_t end = list.find_first_of("-,]", open);
  return list.substr(0, open) + list.substr(open + 1, end - open - 1);
}

static Job slurmJob(const Reader &reader) {
  const char *world = reader.has("SLURM_STEP_NUM_TASKS")
                          ? "SLURM_STEP_NUM_TASKS"
                          : "SLURM_NTASKS";
  Job job = ranksOf(reader, "SLURM_PROCID", world, "SLURM_LOCALID");
  if (job.world == 1)
    return job;
  job.isDoubtful = !reader.has("SLURM_STEP_ID");
  const char *hosts = reader.first({"SLURM_STEP_NUM_NODES", "SLURM_NNODES"});
  const char *list =
      reader.first({"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"});
  bool oneHost = hosts && std::strtol(hosts, nullptr, 10) == 1;
  if (oneHost)
    job.address = "127.0.0.1";
  else if (list)
    job.address = firstHost(list);
  else if (!reader.has("MASTER_ADDR"))
    fail("{} is set, and neither MASTER_ADDR nor SLURM_JOB_NODELIST says where "
         "the ranks meet",
         world);
  const char *number = reader.text("SLURM_JOB_ID");
  job.port =
      kFirstSlurmPort +
      int((number ? std::strtoul(number, nullptr, 10) : 0) % kSlurmPorts);
  if (number)
    job.token = number;
  return job;
}

std::optional<Job> gptc::jobOf(const Environment &environment) {
  Reader reader(environment);
  Job job;
  if (environment("WORLD_SIZE"))
    job = torchJob(reader);
  else if (reader.has("OMPI_COMM_WORLD_SIZE"))
    job = openMpiJob(reader);
  else if (reader.has("SLURM_PROCID") &&
           reader.first({"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}))
    job = slurmJob(reader);
  if (job.world == 1)
    return std::nullopt;
  if (!environment("WORLD_SIZE")) {
    if (const char *address = reader.text("MASTER_ADDR"))
      job.address = address;
    if (reader.has("MASTER_PORT"))
      job.port = int(reader.number("MASTER_PORT", 1, kMostPorts));
  }
  if (const char *token = reader.text("GPTC_JOB_TOKEN"))
    job.token = token;
  return job;
}
