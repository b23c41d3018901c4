/** The advice for why an engine cannot be spoken with, as Node's errors name it. */
export function engineAdvice(reason: string): string {
  if (/\bENOENT\b/.test(reason)) {
    return 'Install one (apt-get install docker.io, or https://docs.docker.com/engine/install/), or name the socket of yours in DOCKER_HOST.';
  }
  if (/\b(EACCES|EPERM)\b/.test(reason)) {
    return 'You may not use it: join its group (sudo usermod -aG docker "$USER", then log in anew), or be root.';
  }
  if (/\bECONNREFUSED\b/.test(reason)) {
    return 'Nothing listens there: start it (systemctl start docker).';
  }
  return 'Is it an engine, and well (docker info)?';
}
