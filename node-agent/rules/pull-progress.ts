/** What an engine tells of one layer of an image while it pulls it; names are Docker's. */
export interface PullLine {
  readonly status: string | null;
  /** Of the layer; null where the line is of the image as a whole. */
  readonly id: string | null;
  readonly bytes: { readonly current: number; readonly total: number } | null;
}

interface Layer {
  readonly current: number;
  readonly total: number;
  readonly isDone: boolean;
}

const NOTHING: Layer = { current: 0, total: 0, isDone: false };

/** How far a pull has come, of the lines about its layers. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();

  note({ status, id, bytes }: PullLine): void {
    if (status === 'Pulling fs layer' && id !== null) this.#layers.set(id, NOTHING);
    const layer = this.#layers.get(id ?? '');
    // Also of whole images: `latest: Pulling from library/debian`.
    if (layer === undefined || id === null) return;
    if (status === 'Downloading' && bytes !== null) this.#layers.set(id, { ...layer, ...bytes });
    if (status === 'Download complete') this.#layers.set(id, { ...layer, current: layer.total });
    if (status === 'Pull complete')
      this.#layers.set(id, { ...layer, current: layer.total, isDone: true });
  }

  /** For people: `1 of 3 layers, 12.5 of 40.0 MB`. What is there already does not count. */
  get text(): string {
    const layers = [...this.#layers.values()];
    const done = layers.filter(({ isDone }) => isDone).length;
    const sum = (of: 'current' | 'total') =>
      (layers.reduce((all, layer) => all + layer[of], 0) / 1e6).toFixed(1);
    return `${done} of ${layers.length} layers, ${sum('current')} of ${sum('total')} MB`;
  }
}
