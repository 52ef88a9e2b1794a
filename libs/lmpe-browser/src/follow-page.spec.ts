import { expect, it } from 'vitest';
import { currentPlace } from './current-place.js';
import { followPage } from './follow-page.js';

class FarDocument extends EventTarget {
  visibilityState = 'visible';

  become(state: string): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

it(
  'tells when the page is hidden and shown, until it is told to stop',
  { meta: { clause: 'TS 103 698 6.2.5' } },
  () => {
    const document = new FarDocument();
    const window = new EventTarget();
    const told: string[] = [];
    const stop = followPage(
      {
        onHidden: () => told.push('hidden'),
        onShown: () => told.push('shown'),
        onOnline: () => told.push('online'),
      },
      { document, window },
    );
    document.become('hidden');
    document.become('visible');
    window.dispatchEvent(new Event('online'));
    stop();
    document.become('hidden');
    window.dispatchEvent(new Event('online'));
    expect(told).toEqual(['hidden', 'shown', 'online']);
    followPage({}, {})();
  },
);

it('the place is a circle with the accuracy as radius, and none where the browser does not know', async () => {
  const coords = { latitude: 40.4, longitude: -3.7, accuracy: 12 };
  expect(await currentPlace({ getCurrentPosition: (success) => success({ coords }) })).toEqual({
    lat: 40.4,
    lon: -3.7,
    radius: 12,
  });
  expect(await currentPlace({ getCurrentPosition: (_success, failure) => failure() })).toBeUndefined();
  expect(await currentPlace()).toBeUndefined();
});
