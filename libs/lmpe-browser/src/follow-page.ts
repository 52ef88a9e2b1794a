/** What of a `document` and a `window` is listened to. */
export interface Page {
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly window?: EventTarget;
}

/** Of the page this runs in; neither exists in a worker or in Node. */
function thisPage(): Page {
  return {
    ...(typeof document !== 'undefined' && { document }),
    ...(typeof window !== 'undefined' && { window }),
  };
}

/** Tells when the page is hidden and shown, and when the network comes back. Gives the way to stop that. */
export function followPage(
  o: { readonly onHidden?: () => void; readonly onShown?: () => void; readonly onOnline?: () => void },
  page: Page = thisPage(),
): () => void {
  const look = (): void => (page.document?.visibilityState === 'hidden' ? o.onHidden?.() : o.onShown?.());
  const online = (): void => o.onOnline?.();
  page.document?.addEventListener('visibilitychange', look);
  page.window?.addEventListener('online', online);
  return () => {
    page.document?.removeEventListener('visibilitychange', look);
    page.window?.removeEventListener('online', online);
  };
}
