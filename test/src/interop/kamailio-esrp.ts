import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '@esinet/platform';
import { type OutsideProgram, freePort, programPath, startProgram } from '@esinet/testing';

const moduleFolders = [
  '/usr/lib/x86_64-linux-gnu/kamailio/modules',
  '/usr/lib/aarch64-linux-gnu/kamailio/modules',
  '/usr/lib64/kamailio/modules',
  '/usr/lib/kamailio/modules',
  '/usr/local/lib64/kamailio/modules',
  '/usr/local/lib/kamailio/modules',
];

export interface KamailioLost {
  readonly program: string;
  readonly modules: string;
}

/**
 * Kamailio with its module `lost`, or undefined, the reason printed, where one of the two is missing.
 *
 * @throws where it is missing and ESINET_REQUIRE_ALL=1
 */
export function findKamailioLost(): KamailioLost | undefined {
  const program = programPath('kamailio');
  const modules = moduleFolders.find((folder) => existsSync(join(folder, 'lost.so')));
  if (program !== undefined && modules !== undefined) return { program, modules };
  const missing = program === undefined ? 'kamailio is' : 'kamailio-utils-modules (lost.so) is';
  if (environment.requireAll)
    throw new Error(`${missing} not installed, and ESINET_REQUIRE_ALL=1 asks for all tests`);
  process.stdout.write(`SKIPPED: ${missing} not installed: the tests that need it are skipped\n`);
  return undefined;
}

export interface KamailioEsrp {
  readonly port: number;
  readonly running: OutsideProgram;
  stop(): Promise<void>;
}

export interface KamailioEsrpOptions {
  /** URLs of the ECRF's LoST and of the LIS's HELD. */
  readonly lost: string;
  readonly held: string;
  /** Where calls go whose location leads nowhere. */
  readonly defaultUri: string;
  /** How a location URI is dereferenced inside of `lost_query`. */
  readonly dereference: 'GET' | 'POST';
}

/**
 * An ESRP made of Kamailio: a request goes to the URI that LoST gives for its location, which is in its body, behind
 * its Geolocation header, or known to the LIS under the identity of its sender. Any failure ends at the default URI.
 * `X-Lost` tells the far side what Kamailio learnt: name and error of the mapping; `X-Held` what it learnt of the LIS.
 */
export async function startKamailioEsrp(
  { program, modules }: KamailioLost,
  o: KamailioEsrpOptions,
): Promise<KamailioEsrp> {
  const folder = await mkdtemp(join(tmpdir(), 'esinet-kamailio-'));
  const port = await freePort();
  const file = join(folder, 'kamailio.cfg');
  await writeFile(file, configuration(port, modules, o));
  try {
    const running = await startProgram(
      program,
      ['-f', file, '-DD', '-E', '-m', '64', '-M', '8', '-Y', folder, '-w', folder],
      { port },
    );
    const stop = async (): Promise<void> => {
      await running.stop(5_000);
      await rm(folder, { recursive: true, force: true });
    };
    return { port, running, stop };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function configuration(port: number, modules: string, o: KamailioEsrpOptions): string {
  const load = ['tm', 'sl', 'pv', 'maxfwd', 'textops', 'http_client', 'lost'];
  return `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=2
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
loadpath "${modules}/"
${load.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("http_client", "httpcon", "ecrf=>${o.lost}")
modparam("http_client", "httpcon", "lis=>${o.held}")
modparam("http_client", "connection_timeout", 4)
modparam("lost", "location_type", "geodetic locationURI")
modparam("lost", "exact_type", 0)
modparam("lost", "response_time", 2000)
modparam("lost", "post_request", ${o.dereference === 'POST' ? 1 : 0})

request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS")) { sl_send_reply("200", "Here"); exit; }
  if (is_method("ACK")) { exit; }

  $var(pidf) = "";
  $var(reference) = "";
  $var(heldError) = "none";
  $var(held) = 0;
  if ($hdr(X-Look-Up) == "dereference") {
    $var(url) = $(hdr(Geolocation){s.unbracket});
    lost_held_dereference("$var(url)", "emergencyRouting", "geodetic", "$var(pidf)", "$var(heldError)");
    $var(held) = $rc;
  } else if (!is_present_hf("Geolocation")) {
    if ($hdr(X-Device) != $null) {
      lost_held_query("lis", "$hdr(X-Device)", "$var(pidf)", "$var(reference)", "$var(heldError)");
    } else {
      lost_held_query("lis", "$var(pidf)", "$var(reference)", "$var(heldError)");
    }
    $var(held) = $rc;
  }
  append_hf("X-Held: code=$var(held); error=$var(heldError); reference=$var(reference)\\r\\n");

  $var(uri) = "";
  $var(name) = "";
  $var(lostError) = "none";
  if ($var(held) >= 400) {
    $var(lost) = 0;
  } else if ($var(held) != 0) {
    lost_query("ecrf", "$var(pidf)", "$ru", "$var(uri)", "$var(name)", "$var(lostError)");
    $var(lost) = $rc;
  } else {
    lost_query("ecrf", "$var(uri)", "$var(name)", "$var(lostError)");
    $var(lost) = $rc;
  }
  append_hf("X-Lost: code=$var(lost); error=$var(lostError); name=$var(name)\\r\\n");

  if ($var(uri) == "" || $var(uri) == $null) {
    $ru = "${o.defaultUri}";
  } else {
    $ru = $var(uri);
  }
  t_relay();
}
`;
}
