/** Asks the server; an answer that is none becomes `{ok: false, error}`. */
export async function ask(path, body) {
  const response = await fetch(`/client/${path}`, {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) return { ok: false, error: (await response.text()).trim() };
  return response.json();
}

/** Calls `heard` with each change, and `opened` whenever it begins to listen: what happened before is to be read anew then. */
export function listen(path, { opened, heard, lost }) {
  const source = new EventSource(`/client/${path}`);
  source.addEventListener('open', opened);
  source.addEventListener('error', lost);
  source.addEventListener('message', ({ data }) => heard(JSON.parse(data)));
  return () => source.close();
}
