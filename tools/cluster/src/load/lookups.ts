import { askWhere } from '@esinet/element-app';

export interface Lookups {
  readonly asked: number;
  readonly failed: number;
  /** Different centres that were named. */
  readonly answers: ReadonlySet<string>;
  end(): Promise<void>;
}

/** Asks a LoST server for one place, so many times a second, until it is ended. */
export function askAllTheTime(
  lost: string,
  at: { latitude: number; longitude: number },
  rate: number,
): Lookups {
  const answers = new Set<string>();
  const state = { asked: 0, failed: 0, over: false };
  const run = async (): Promise<void> => {
    while (!state.over) {
      state.asked++;
      const answer = await askWhere({ lost, ...at, service: 'urn:service:sos' });
      if (answer.ok && answer.value.kind === 'mapping') answers.add(answer.value.mapping.uris.join(' '));
      else state.failed++;
      await new Promise((resolve) => setTimeout(resolve, 1_000 / rate));
    }
  };
  const running = run();
  return {
    get asked() {
      return state.asked;
    },
    get failed() {
      return state.failed;
    },
    answers,
    async end() {
      state.over = true;
      await running;
    },
  };
}
