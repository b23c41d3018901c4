import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findTool } from '../run-tool.ts';

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** In `server`: serves a folder and takes PUT into it. */
export function servingFolder(root: string): string {
  return `root ${root}; location / { dav_methods PUT; create_full_put_path on; }`;
}

/** nginx as a package leaves it: sendfile on, one worker; `server` is what stands in its one server. */
export async function startNginx(folder: string, server: string): Promise<Nginx> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const temporary = TEMPORARY.map((kind) => `${kind}_temp_path ${join(folder, `tmp-${kind}`)};`);
  const configuration = `
    daemon off;
    worker_processes 1;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    pid ${join(folder, 'nginx.pid')};
    error_log ${join(folder, 'error.log')};
    events { worker_connections 512; }
    http {
      ${temporary.join('\n      ')}
      access_log off;
      sendfile on;
      tcp_nopush on;
      client_max_body_size 0;
      server {
        listen 127.0.0.1:${port};
        ${server}
      }
    }`;
  writeFileSync(join(folder, 'nginx.conf'), configuration);
  const path = findTool('nginx') ?? 'nginx';
  const child = spawn(path, ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}/`;
  await answers(url, () => child.exitCode);
  const stop = async () => {
    child.kill('SIGQUIT');
    await exited;
  };
  return { url, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server's address is an object; only pipes have a string.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(url: string, status: () => number | null): Promise<void> {
  for (;;) {
    if (status() !== null) throw new Error(`nginx ended with status ${status()}`);
    try {
      await fetch(url);
      return;
    } catch {
      await pause(20);
    }
  }
}
