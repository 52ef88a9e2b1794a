import type { Explanation } from '@esinet/element-esrp';
import type { CallExplanation, Screened } from '../console/calls.js';

/** One line of an explanation. */
export interface Line {
  /** `taken`: where the call went; `left`: where it was not let in or not answered; `spare`: where it could have gone. */
  readonly kind: 'head' | 'step' | 'taken' | 'left' | 'spare' | 'detail';
  readonly label: string;
  readonly text: string;
}

const line = (kind: Line['kind'], label: string, text: string): Line => ({ kind, label, text });

/** An explanation as steps from the border to the centre, with what was taken and what was not. */
export function explanationLines({ callId, screened, decisions }: CallExplanation): Line[] {
  const steps = [
    ...screened.slice(0, maxScreened).map((each) => ({ at: each.at, lines: [screenedLine(each)] })),
    ...decisions.map((each) => ({ at: each.at, lines: decisionLines(each) })),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const more = screened.length - maxScreened;
  return [
    ...(callId === undefined ? [] : [line('head', '', callId)]),
    ...steps.flatMap(({ lines }) => lines),
    ...(more > 0 ? [line('detail', '', `and ${more} more at the border`)] : []),
  ];
}

const maxScreened = 5;

function screenedLine({ at, method, traffic, decision, status, why, peer, listener }: Screened): Line {
  const from = peer === undefined ? listener : `${peer}, ${listener}`;
  const answer = status === undefined ? decision : `${decision} ${status}`;
  return line('step', 'border', `${timeOf(at)}  ${method} from ${from}: ${traffic}, ${answer} (${why})`);
}

function decisionLines(d: CallExplanation['decisions'][number]): Line[] {
  const lines: Line[] = [
    line(
      'step',
      'router',
      `${timeOf(d.at)}  ${d.method} ${d.service ?? ''}${d.test ? ' (a test)' : ''}, decided in ${d.tookMs} ms`,
    ),
    line('step', 'location', locationText(d)),
    line('step', 'mapping', mappingText(d)),
    ...policyLines(d),
  ];
  for (const { kind, of, state } of d.states ?? []) lines.push(line('detail', '', `${kind} ${of}: ${state}`));
  if (d.queue) lines.push(line('step', 'queue', `${queueTexts[d.queue]}${ms(d.queueMs)}`));
  for (const { uri, cause, text } of d.passedOver ?? []) lines.push(line('left', uri, `${cause} ${text}`));
  return [...lines, ...hopLines(d), ...replayLines(d)];
}

const queueTexts = { admitted: 'let in', busy: 'all busy', failed: 'did not answer, and was passed over' };

function policyLines({ policy, policyMs, verdict }: Explanation): Line[] {
  if (!policy) return [];
  const by = policy.decidedBy;
  const what = {
    route: 'another next hop',
    busy: 'busy',
    none: 'nothing to say',
    failed: 'failed, and were passed over',
  }[policy.outcome];
  const rules = policy.rules === undefined ? '' : `, ${policy.rules} rules looked at`;
  const head = by ? `${by.policy} / ${by.rule} (priority ${by.priority}): ${what}` : what;
  const trail = (verdict?.trail ?? [])
    .slice(0, maxRules)
    .map(({ policy: name, rule, matched, failed }) =>
      line(
        'detail',
        '',
        `${matched ? '✓' : '·'} ${name} / ${rule}${failed === undefined ? '' : `: not ${failed}`}`,
      ),
    );
  return [line('step', 'policy', `${head}${rules}${ms(policyMs)}`), ...trail];
}

const maxRules = 12;

function locationText({ location, locationsTried, locationMs, geolocationError }: Explanation): string {
  const told =
    geolocationError === undefined ? '' : `; the caller is told Geolocation-Error ${geolocationError}`;
  const tried = (locationsTried ?? 0) > 1 ? `, ${locationsTried} tried` : '';
  return `${locationTexts[location ?? 'none']}${tried}${ms(locationMs)}${told}`;
}

const locationTexts = {
  value: 'by value',
  body: 'in the body',
  reference: 'by reference, fetched',
  lis: 'the LIS knew',
  none: 'none that can be used',
};

function mappingText({ mapping, boundary, mappingMs, reason }: Explanation): string {
  if (mapping === undefined || mapping === 'none')
    return `none${reason === undefined ? '' : `: ${reason}`}${ms(mappingMs)}`;
  return `${boundary ?? ''} (${{ lost: 'the ECRF', cache: 'remembered', stale: 'remembered, and too old' }[mapping]})${ms(mappingMs)}`;
}

/** Where it went, and where it would have gone next. */
function hopLines({ nextHops = [], outcome, uri }: Explanation): Line[] {
  const reached = outcome ? outcome.uri : uri;
  const failed = new Map((outcome?.failed ?? []).map((each) => [each.uri, each.status]));
  const hops = nextHops.map(({ uri: hop, from }) => {
    const status = failed.get(hop);
    if (hop === reached)
      return line('taken', hop, `${from}${outcome ? `, answered ${outcome.status}` : ', no answer yet'}`);
    if (status !== undefined) return line('left', hop, `${from}, failed with ${status}`);
    return line('spare', hop, `${from}, not needed`);
  });
  if (outcome && reached === undefined) hops.push(line('taken', 'nobody', `answered ${outcome.status}`));
  return hops;
}

function replayLines({ replay }: CallExplanation['decisions'][number]): Line[] {
  if (!replay) return [];
  const text = replay.same ? 'the same way' : replay.nextHops.join(', then ');
  return [line('step', 'now', text)];
}

function timeOf(at: string): string {
  return at.slice(11, 23);
}

function ms(value: number | undefined): string {
  return value === undefined ? '' : `, ${value} ms`;
}
