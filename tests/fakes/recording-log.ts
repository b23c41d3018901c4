import type { Log } from '../../services/chacra/ports.ts';

/** A log that remembers what it was told. */
export class RecordingLog implements Log {
  readonly lines: Array<{ level: 'info' | 'warn' | 'error'; fields: object; message: string }> = [];

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', fields, message });
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', fields, message });
  }

  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', fields, message });
  }
}
