#!/bin/bash
# The first process of a real node: `init.sh DIR BIN`, in mount and process namespaces of its own (unshare --mount --pid
# --fork --mount-proc) and in the cluster's network. When it ends, the kernel ends every process of the node, the containers'
# too, and with the last of them go mounts, network namespaces, bridges and iptables rules.
set -euo pipefail

dir=$1
bin=$2
name=$(cat "$dir/cgroup")

# What the programs write outside their own folders stays in here.
for path in /run /var/lib /var/log; do
  case $dir/ in "$path"/*) echo "The cluster's folder must not be below $path." >&2 && exit 1 ;; esac
  mount -t tmpfs -o mode=755 tmpfs "$path"
done

# Settings of the whole machine that a kubelet insists on: it finds them as it likes them, and changes none.
pretend() {
  printf '%s\n' "$2" >"$dir/sysctl-${1##*/}"
  mount --bind "$dir/sysctl-${1##*/}" "/proc/sys/$1"
}
pretend vm/overcommit_memory 1
pretend vm/panic_on_oom 0
pretend kernel/panic 10
pretend kernel/panic_on_oops 1
pretend kernel/keys/root_maxkeys 1000000
pretend kernel/keys/root_maxbytes 25000000

# A branch of our own in every cgroup hierarchy (version 1), or in the one (version 2).
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p "/sys/fs/cgroup/$name"
  for group in /sys/fs/cgroup "/sys/fs/cgroup/$name"; do
    for controller in cpu cpuset memory pids io hugetlb; do
      echo "+$controller" >"$group/cgroup.subtree_control" 2>/dev/null || true
    done
  done
else
  for hierarchy in /sys/fs/cgroup/*/; do
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir -p "$hierarchy/$name"
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$hierarchy/$file" ] || cat "$hierarchy/$file" >"$hierarchy/$name/$file"
    done
  done
fi

start() {
  "$@" >>"$dir/logs/${1##*/}.log" 2>&1 &
}

start containerd --config "$dir/containerd.toml"
until [ -S "$dir/containerd.sock" ]; do sleep 0.1; done
start "$bin/kubelet" --config="$dir/kubelet.yaml" --kubeconfig="$dir/kubelet.kubeconfig" --root-dir="$dir/kubelet" \
  --cert-dir="$dir/kubelet/pki" --hostname-override="$(cat "$dir/name")" --node-ip="$(cat "$dir/address")"
start "$bin/kube-proxy" --config="$dir/kube-proxy.yaml"

# None of them ends by itself; a node without one of them is none.
wait -n || true
echo "A program of the node has ended; see the logs in $dir/logs." >&2
exit 1
