/** A longer body gets its temporary file as soon as it is known to be longer. */
const LONGEST_BYTES = 1024 * 1024;
/** A body of this length stays in memory whatever others do: there are never so many. */
const SHORT_BYTES = 64 * 1024;
/** What longer ones may take together while they are still coming, so that many slow clients take no more. */
const TOGETHER_BYTES = 32 * 1024 * 1024;

/** What a chunk takes beside its bytes: a body may come byte by byte. */
const BYTES_PER_CHUNK = 256;

/** Decides which bodies are gathered in memory, and which get a temporary file while they come. */
export class BodyMemory {
  #bytes = 0;

  /** One more body begins to come. */
  begin(): GatheredBody {
    let counted = 0;
    return {
      fits: (size, chunks) => {
        const taken = size + chunks * BYTES_PER_CHUNK;
        if (taken <= SHORT_BYTES) return true;
        const more = taken - counted;
        if (taken > LONGEST_BYTES || this.#bytes + more > TOGETHER_BYTES) return false;
        this.#bytes += more;
        counted = taken;
        return true;
      },
      end: () => {
        this.#bytes -= counted;
        counted = 0;
      },
    };
  }
}

export interface GatheredBody {
  /** Whether it may stay in memory now that it is of this size, in so many chunks. */
  fits(size: number, chunks: number): boolean;
  /** It has come to its end, has its file, or is given up. */
  end(): void;
}
