import { Worker } from 'node:worker_threads';

/**
 * Starts a module as a thread: under the extension of the module that asks, .js once built, .ts in
 * the sources, which tsx loads in the main thread only. It does not keep the process alive.
 */
export function startThread(name: string, asker: string): Worker {
  const worker = asker.endsWith('.ts')
    ? new Worker(throughTsx(new URL(`${name}.ts`, asker)), { eval: true })
    : new Worker(new URL(`${name}.js`, asker));
  worker.unref();
  return worker;
}

function throughTsx(module: URL): string {
  return `import('tsx/esm/api').then((tsx) => (tsx.register(), import(${JSON.stringify(module)})))`;
}
