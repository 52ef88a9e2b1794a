import type { LabProcess } from './lab-process.js';

const elements = { BCF: 15_960, ESRP: 15_970, PSAP: 15_090, provider: 15_950 };
const metric = 'esinet_sip_responses_total{';

/** What each element answered, by class: `BCF 2xx 100 4xx 20`. Tells how far the messages came. */
export async function answersOf(lab: LabProcess): Promise<string> {
  const told: string[] = [];
  for (const [name, standard] of Object.entries(elements)) {
    const answer = await fetch(`http://127.0.0.1:${lab.port(standard)}/metrics`);
    const lines = (await answer.text()).split('\n').filter((line) => line.startsWith(metric));
    const counts = lines.map((line) => {
      const from = line.indexOf('class="') + 7;
      return `${line.slice(from, from + 3)} ${line.slice(line.lastIndexOf(' ') + 1)}`;
    });
    told.push(`${name} ${counts.join(' ')}`);
  }
  return told.join(', ');
}
