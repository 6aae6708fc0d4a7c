// Sends files in pieces to the routes of this server. What broke off goes on where the server says that it is.
class Refusal extends Error {}

function fileSize(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
  return `${unit < 2 ? Math.round(bytes) : bytes.toPrecision(3)} ${units[unit]}`;
}

// an answer as JSON; a refusal is an error with the sentence of the server, all else a broken connection
async function asked(method, path, options = {}) {
  const token = document.cookie.match(/(?:^|;\s*)_xsrf=([^;]*)/)?.[1];
  const headers = {...(token ? {'X-XSRFToken': token} : {}), ...options.headers};
  const answer = await fetch(`uploads${path}`, {...options, method, headers});
  if (answer.status === 204) return {};
  let fields = null;
  try { fields = await answer.json(); } catch { /* a proxy may answer in HTML */ }
  if (answer.ok && fields !== null) return fields;
  const error = new Refusal(fields?.error ?? (answer.status === 404
    ? 'This server takes no files: it was started without --plugins dashboard.endpoints.'
    : `The server answered with ${answer.status}. Try again, or ask whoever runs it.`));
  Object.assign(error, {status: answer.status, offset: fields?.offset});
  throw error;
}

const json = (value) => ({headers: {'Content-Type': 'application/json'}, body: JSON.stringify(value)});
const pause = (seconds) => new Promise((done) => { setTimeout(done, 1000 * seconds); });

// The files of one dataset on their way. ``show`` is called with what is to be said of it.
class Sending {
  constructor(files, show) {
    this.files = files;
    this.show = show;
    this.size = files.reduce((sum, file) => sum + file.size, 0);
    this.sent = 0;
    this.ids = [];
    this.stop = new AbortController();
  }

  async run() {
    let before = 0;
    for (const file of this.files) {
      await this.one(file, before);
      before += file.size;
    }
    this.show({sent: this.size, words: 'checking…'});
    return asked('POST', '/finish', {...json({ids: this.ids}), signal: this.stop.signal});
  }

  async one(file, before) {
    let begun = null;
    for (let failed = 0; ;) {
      try {
        if (begun === null) {
          const fingerprint = String(file.lastModified);
          begun = await asked('POST', '', {...json({name: file.name, size: file.size, fingerprint}),
            signal: this.stop.signal});
          this.ids.push(begun.id);
        } else if (failed) {
          begun.offset = (await asked('GET', `/${begun.id}`, {signal: this.stop.signal})).offset;
        }
        while (begun.offset < file.size) {
          this.say(before + begun.offset);
          const piece = file.slice(begun.offset, begun.offset + begun.piece_bytes);
          const headers = {'Upload-Offset': String(begun.offset), 'Content-Type': 'application/octet-stream'};
          const now = await asked('PATCH', `/${begun.id}`, {body: piece, headers, signal: this.stop.signal});
          begun.offset = now.offset;
          failed = 0;
        }
        return;
      } catch (error) {
        if (error.name === 'AbortError') throw error;
        if (error instanceof Refusal && ![409, 423, 502, 503, 504].includes(error.status)) throw error;
        failed += 1;
        if (failed > 60) throw error;
        this.show({words: 'the connection broke: it goes on as soon as the server answers'});
        await pause(Math.min(failed, 10));
        this.stop.signal.throwIfAborted();
      }
    }
  }

  say(sent) {
    const now = performance.now() / 1000;
    this.began ??= {at: now, sent};
    const seconds = now - this.began.at;
    const rate = seconds > 1 ? (sent - this.began.sent) / seconds : 0;
    const left = rate > 0 ? (this.size - sent) / rate : null;
    const time = left === null ? '' : left < 90 ? `, ${Math.ceil(left)} s left` : `, ${Math.ceil(left / 60)} min left`;
    this.show({sent, words: `${fileSize(sent)} of ${fileSize(this.size)}${time}`});
  }

  async cancel() {
    this.stop.abort();
    await Promise.allSettled(this.ids.map((id) => asked('DELETE', `/${id}`)));
  }
}

// files that belong together have one name and several endings
function byDataset(files) {
  const groups = new Map();
  for (const file of files) {
    const stem = file.name.replace(/\.[^.]*$/, '').toLowerCase();
    groups.set(stem, [...(groups.get(stem) ?? []), file]);
  }
  return [...groups.values()];
}
