import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function findKamailio(): string | undefined {
  return ['/usr/sbin/kamailio', '/usr/bin/kamailio'].find((path) => existsSync(path));
}

export function kamailioVersion(program: string): string {
  const shown = spawnSync(program, ['-v'], { encoding: 'latin1' }).stdout;
  return shown.split('\n', 1)[0]?.trim() ?? 'unknown';
}

/** The peer: stateful relay with `tm`, one worker, memory managers that it is fast with (`-x fm -X fm`). */
export function startKamailio(
  program: string,
  o: { folder: string; port: number; next: number; transport: 'udp' | 'tcp' },
): ChildProcess {
  mkdirSync(o.folder, { recursive: true });
  const config = `#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=1
disable_tcp=${o.transport === 'udp' ? 'yes' : 'no'}
auto_aliases=no
dns=no
rev_dns=no
listen=${o.transport}:127.0.0.1:${o.port}
tcp_max_connections=4096
tcp_conn_wq_max=16777216
tcp_wq_max=67108864
tcp_rd_buf_size=65536
loadpath "/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
modparam("tm", "fr_timer", 30000)
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  remove_hf("Resource-Priority");
  append_hf("Resource-Priority: esnet.1\\r\\n");
  $du = "sip:127.0.0.1:${o.next};transport=${o.transport}";
  t_relay();
}
`;
  const file = join(o.folder, `kamailio-${o.transport}.cfg`);
  writeFileSync(file, config);
  return spawn(
    program,
    ['-f', file, '-DD', '-E', '-m', '3072', '-M', '32', '-x', 'fm', '-X', 'fm', '-Y', o.folder],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
}
