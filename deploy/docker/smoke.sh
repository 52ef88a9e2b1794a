#!/usr/bin/env bash
# Does an image work as it is meant to run: as uid 10001, on a root that cannot be written, with two folders that can?
# For machines without a container runtime too: the image is mounted by buildah and entered by chroot in a mount namespace
# of its own. Needs root, buildah, unshare and setpriv.
#
#   deploy/docker/smoke.sh localhost/esinet-psap:dev psap 15090
#   deploy/docker/smoke.sh localhost/esinet-bcf:dev bcf 15960 ESINET__BCF__PUBLIC__TLS=null    # no certificate here
set -euo pipefail
image=$1 app=$2 port=$3
shift 3

container=$(buildah from --pull-never "$image")
root=$(buildah mount "$container")
logs=$(mktemp -d)
pid=''
finish() {
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
  buildah umount "$container" >/dev/null
  buildah rm "$container" >/dev/null
  rm -rf "$logs"
}
trap finish EXIT

inspect() { buildah inspect --type image --format "{{$1}}" "$image"; }
[ "$(inspect .OCIv1.Config.User)" = 10001:10001 ] || { echo "runs as $(inspect .OCIv1.Config.User)"; exit 1; }
[ "$(inspect .OCIv1.Config.StopSignal)" = SIGTERM ] || { echo 'no STOPSIGNAL SIGTERM'; exit 1; }

# What is in the mount namespace ends with the last process in it.
unshare --mount --propagation private bash -c '
  set -euo pipefail
  root=$1
  shift
  mount --bind "$root" "$root"
  mount -t tmpfs -o size=64m tmpfs "$root/tmp"
  mount -t tmpfs -o size=256m,uid=10001,gid=10001,mode=0700 tmpfs "$root/var/lib/esinet"
  mkdir -p "$root/proc" && mount -t proc proc "$root/proc"
  mount -o remount,bind,ro "$root"
  exec chroot --userspec=10001:10001 --groups= "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin \
    NODE_ENV=production ESINET__DATA=/var/lib/esinet HOME=/tmp "$@" \
    node -e "
      for (const file of [\"/opt/esinet/x\", \"/etc/esinet/x\", \"/x\"]) {
        try { require(\"fs\").writeFileSync(file, \"\"); console.error(file + \" can be written\"); process.exit(1); } catch {}
      }
      require(\"fs\").writeFileSync(\"/tmp/x\", \"\");
      process.chdir(\"/etc/esinet\");
      import(\"/opt/esinet/main.mjs\");
    "
' smoke "$root" "$@" >"$logs/out" 2>&1 &
pid=$!

answer() {
  node -e 'fetch(process.argv[1]).then(async (r) => { console.log(await r.text()); process.exit(r.ok ? 0 : 1) }, () => process.exit(1))' \
    "http://127.0.0.1:$port/$1"
}
for _ in $(seq 300); do
  if answer livez >"$logs/livez" 2>/dev/null; then break; fi
  kill -0 "$pid" 2>/dev/null || { cat "$logs/out"; exit 1; }
  sleep 0.2
done
echo "livez: $(cat "$logs/livez")"
echo "readyz: $(answer readyz || true)"
echo "uid: $(awk '/^Uid:/ { print $2 }' "/proc/$pid/status"), capabilities: $(awk '/^CapEff:/ { print $2 }' "/proc/$pid/status")"
[ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" = 10001 ]
grep -q "\"element\":\"$app\"" "$logs/livez"
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
pid=''
echo "after SIGTERM: exit $code"
[ "$code" = 0 ] || { cat "$logs/out"; exit 1; }
echo "ok: $image"
