import { dscHeader } from './dsc-control.ts';
import { Malformed, malformedAs, shown } from './malformed.ts';
import type { PackageTap } from './package-tap.ts';

const LIMIT = 1024 * 1024;

/** Reads a source package's .dsc while it passes; its name will stand in Sources, between blanks. */
export function dscTap(name: string): PackageTap {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    write(chunk) {
      bytes += chunk.length;
      if (bytes > LIMIT) throw malformedAs(name, new Malformed(`it is larger than ${LIMIT} bytes`));
      chunks.push(Buffer.from(chunk));
    },
    end() {
      return Promise.resolve(chunks)
        .then((all) => {
          if (/\s/.test(name)) throw new Malformed(`its file name ${shown(name)} holds a blank`);
          return dscHeader(Buffer.concat(all));
        })
        .catch((error: unknown) => {
          throw malformedAs(name, error);
        });
    },
  };
}
