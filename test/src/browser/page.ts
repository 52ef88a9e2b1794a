import {
  type BrowserChatOptions,
  type ChatClient,
  currentPlace,
  openBrowserChat,
} from '@esinet/lmpe-browser';

/** What the test asks of the page, as `esinet` of its global object. */
export interface TestPage {
  /** Gives the Call Identifier; `locate`: with the place the browser knows. */
  open(options: BrowserChatOptions & { readonly locate?: boolean }): Promise<string>;
  readonly chat: ChatClient;
  readonly heard: { readonly kind: string; readonly text: string; readonly sender: string }[];
  readonly notes: string[];
  readonly phases: string[];
  readonly connections: boolean[];
  /** Sockets the page opened, for a test to break. */
  readonly sockets: { close(): void }[];
}

let chat: ChatClient | undefined;
const page: TestPage = {
  async open({ locate, ...options }) {
    const at = locate ? await currentPlace() : undefined;
    chat = await openBrowserChat({
      ...options,
      ...(at && { at }),
      onConnected: (connected) => page.connections.push(connected),
    });
    chat
      .onMessage(({ kind, text, sender }) => page.heard.push({ kind, text, sender }))
      .onNote((note) => page.notes.push(note))
      .onState((phase) => page.phases.push(phase));
    return chat.callId;
  },
  get chat() {
    if (!chat) throw new Error('no chat is open');
    return chat;
  },
  heard: [],
  notes: [],
  phases: [],
  connections: [],
  sockets: [],
};

const Plain = globalThis.WebSocket;
Object.assign(globalThis, {
  esinet: page,
  WebSocket: class extends Plain {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      page.sockets.push(this);
    }
  },
});
