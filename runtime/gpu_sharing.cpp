//===- gpu_sharing.cpp - which ranks have which GPU -----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "gpu_sharing.h"

#include "error.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

using namespace gptc;

namespace {
/// Where a rank computes.
struct Whereabouts {
  char host[48]; ///< what tells it, and its run, from all others
  CUuuid gpu;

  bool isHostOf(const Whereabouts &other) const {
    return std::memcmp(host, other.host, sizeof(host)) == 0;
  }
  bool operator==(const Whereabouts &other) const {
    return std::memcmp(this, &other, sizeof(other)) == 0;
  }
};
} // namespace

unsigned gptc::meetOnGpus(const CudaDriver &driver, CUdevice device,
                          Communicator &ranks, bool share) {
  Whereabouts own = {};
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  file.getline(own.host, sizeof(own.host));
  GPTC_CUDA(driver, cuDeviceGetUuid, &own.gpu, device);
  std::vector<Whereabouts> all(ranks.world());
  ranks.allGather(&own, all.data(), sizeof(own), "the choice of GPUs");
  bool oneHost = true;
  for (unsigned r = 0; r < ranks.world(); ++r) {
    oneHost &= all[r].isHostOf(all[0]);
    for (unsigned before = 0; before < r; ++before)
      if (all[r] == all[before] && !share)
        fail("ranks {} and {} would have one GPU (of {} that the driver shows "
             "here): start as many ranks as there are GPUs, or let them share "
             "with --share-gpus, which is slow",
             before, r, driver.devices());
  }
  if (share) {
    // NCCL takes ranks of one GPU if each says that it is a host of its own.
    std::string host = own.host + formatText("-{}", ranks.rank());
    setenv("NCCL_HOSTID", host.c_str(), 0);
    if (oneHost)
      setenv("NCCL_SOCKET_IFNAME", "lo", 0);
  }
  return static_cast<unsigned>(std::count(all.begin(), all.end(), own));
}
