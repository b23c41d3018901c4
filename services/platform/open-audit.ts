import { join } from 'node:path';
import { AuditLog } from './audit-log.ts';
import type { Audit } from './audit-log.ts';
import type { ServiceOptions } from './running-service.ts';

/** The audit log of a service; where the configuration wants none, one that takes down nothing. */
export function openAudit(
  service: string,
  { configuration, clock, log }: Pick<ServiceOptions, 'configuration' | 'clock' | 'log'>,
): Audit & { readonly problem: string | null; close(): Promise<void> } {
  const { enabled, folder, rotateBytes, keepFiles } = configuration.audit;
  if (!enabled) return { add: () => undefined, problem: null, close: () => Promise.resolve() };
  const path = join(folder ?? join(configuration.data, 'audit'), `${service}.log`);
  return new AuditLog({ path, rotateBytes, keepFiles, clock, log });
}
