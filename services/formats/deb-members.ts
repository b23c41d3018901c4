import type { DebHeader } from '../domain/package-header.ts';
import type { ArMember, ArSink } from './ar.ts';
import { debHeader } from './deb-control.ts';
import { decompress } from './decompress.ts';
import type { Compression } from './decompress.ts';
import { Malformed, shown } from './malformed.ts';
import { fileInTar } from './tar.ts';

const LIMIT = 16 * 1024 * 1024;
const DATA_MEMBER = /^data\.tar(?:\.(?:gz|xz|zst|bz2|lzma))?$/;

type Next = 'debian-binary' | 'control' | 'data' | 'nothing';

/** Follows the members of a deb in their order (deb(5)), and holds none but the control archive. */
export class DebMembers implements ArSink {
  #next: Next = 'debian-binary';
  #kept: Uint8Array | null = null;
  #filled = 0;
  #finish: (bytes: Uint8Array) => void = () => {};
  #header: Promise<DebHeader> | null = null;
  #failure: unknown = null;

  /** What is wrong with the control archive, once it is known: it is read while data passes. */
  get failure(): unknown {
    return this.#failure;
  }

  start(member: ArMember): void {
    // Members with an underscore are for other tools (deb(5)), for instance signatures.
    if (member.name.startsWith('_') && this.#next !== 'debian-binary') return;
    switch (this.#next) {
      case 'debian-binary':
        this.#startVersion(member);
        return;
      case 'control':
        this.#startControl(member);
        return;
      case 'data':
        if (!DATA_MEMBER.test(member.name)) throw outOfPlace(member, 'data.tar');
        this.#next = 'nothing';
        return;
      case 'nothing':
        if (/^(?:control|data)\.tar/.test(member.name)) {
          throw new Malformed(`it has a second ${shown(member.name)} after its data`);
        }
        return;
    }
  }

  data(bytes: Uint8Array): void {
    this.#kept?.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  finish(): void {
    const bytes = this.#kept;
    this.#kept = null;
    if (bytes !== null) this.#finish(bytes);
  }

  /** When the archive has ended. */
  async header(): Promise<DebHeader> {
    if (this.#next === 'debian-binary') throw new Malformed('it is an ar archive without members');
    if (this.#header === null) throw new Malformed('it has no control.tar');
    const header = await this.#header;
    if (this.#next === 'data') throw new Malformed('it has no data.tar');
    return header;
  }

  #startVersion(member: ArMember): void {
    if (member.name !== 'debian-binary') throw outOfPlace(member, 'debian-binary');
    if (member.size > 64) throw new Malformed('its debian-binary is too long');
    this.#keep(member.size, (bytes) => {
      const version = Buffer.from(bytes).toString('latin1');
      if (!/^2\.\d+\n/.test(version)) {
        throw new Malformed(`its format version is ${shown(version)}, not 2.0`);
      }
      this.#next = 'control';
    });
  }

  #startControl(member: ArMember): void {
    const compression = controlCompression(member);
    const { name, size } = member;
    if (size > LIMIT) throw new Malformed(`its ${name} is larger than ${LIMIT} bytes`);
    this.#keep(size, (bytes) => {
      this.#next = 'data';
      const header = readControl(bytes, compression);
      header.catch((error: unknown) => {
        this.#failure = error;
      });
      this.#header = header;
    });
  }

  #keep(size: number, finish: (bytes: Uint8Array) => void): void {
    this.#kept = new Uint8Array(size);
    this.#filled = 0;
    this.#finish = finish;
  }
}

function outOfPlace({ name }: ArMember, wanted: string): Malformed {
  return new Malformed(`its member ${shown(name)} stands where ${wanted} belongs`);
}

function controlCompression(member: ArMember): Compression {
  switch (member.name) {
    case 'control.tar':
      return 'none';
    case 'control.tar.gz':
      return 'gz';
    case 'control.tar.xz':
      return 'xz';
    case 'control.tar.zst':
      return 'zst';
    default:
      throw outOfPlace(member, 'control.tar, .gz, .xz or .zst');
  }
}

async function readControl(bytes: Uint8Array, compression: Compression): Promise<DebHeader> {
  return debHeader(fileInTar(await decompress(bytes, compression, LIMIT), 'control'));
}
