import { messageOf } from '@esinet/kernel';
import { type Finding, fault, fine, warning } from './finding.js';

export interface StorePorts {
  /** The folder itself where it is there, else the nearest one above that is. */
  existing(folder: string): Promise<string>;
  /** Writes a file of its own into the folder, to the disk, and deletes it. */
  tryWriting(folder: string): Promise<void>;
  room(folder: string): Promise<{ readonly free: number; readonly all: number }>;
  /** Opens what the configuration names in place of the embedded parts, and closes it. */
  open(): Promise<void>;
}

/** Of the disk. */
const leastShare = 0.05;

/** Whether what is promised can be kept: the data folder, and the servers of bus, store and records. */
export async function checkStores(
  config: { readonly data: string; readonly kinds: Readonly<Record<'bus' | 'store' | 'records', string>> },
  ports: StorePorts,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const folder = await ports.existing(config.data);
  try {
    await ports.tryWriting(folder);
    findings.push(fine(`${folder} can be written to.`));
  } catch (error) {
    const fix = `Give it to the user that runs the ESInet, mount it for writing, or set data to another folder.`;
    findings.push(fault(`Nothing can be written in ${folder}: ${messageOf(error)}.`, fix));
  }
  try {
    const { free, all } = await ports.room(folder);
    const percent = all > 0 ? Math.floor((free / all) * 100) : 100;
    if (percent < leastShare * 100) {
      const what = `Only ${percent} % of the disk of ${folder} is free: chats cannot be recorded once it is full, and are refused.`;
      findings.push(fault(what, 'Make room, or set data to a folder on a larger disk.'));
    } else findings.push(fine(`${percent} % of the disk of ${folder} is free.`));
  } catch (error) {
    findings.push(
      warning(
        `How full the disk of ${folder} is cannot be told: ${messageOf(error)}.`,
        'Look at it by hand: df.',
      ),
    );
  }
  const embedded = ['process', 'memory', 'files'];
  const named = Object.entries(config.kinds).filter(([, kind]) => !embedded.includes(kind));
  if (named.length === 0)
    return [...findings, fine('Bus, store and records are within the process: no server is needed.')];
  const text = named.map(([part, kind]) => `${part} (${kind})`).join(', ');
  try {
    await ports.open();
    findings.push(fine(`The servers of ${text} answer.`));
  } catch (error) {
    const fix = `Start them, and look at ${named.map(([part]) => part).join(', ')} of the configuration.`;
    findings.push(fault(`The servers of ${text} cannot be used: ${messageOf(error)}.`, fix));
  }
  return findings;
}
