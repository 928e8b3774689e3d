import { h, newId } from './dom.js';
import { textObject } from './text.js';

/** Asks whether it is meant, as an element's `confirm` words it. */
export function confirmed(confirm, names) {
  const { promise, resolve } = Promise.withResolvers();
  const [titleId, textId] = [newId('confirm'), newId('confirm')];
  const dialog = h(
    'dialog',
    {
      class: 'dialog confirm',
      role: 'alertdialog',
      'aria-labelledby': titleId,
      'aria-describedby': textId,
      onclose: () => {
        resolve(dialog.returnValue === 'yes');
        dialog.remove();
      },
    },
    h('h2', { id: titleId }, textObject(confirm.title, names)),
    h('p', { id: textId }, textObject(confirm.text, names)),
    h(
      'form',
      { method: 'dialog', class: 'answers' },
      // The one that does no harm is first, and has the keyboard.
      h('button', { class: 'button', value: 'no' }, textObject(confirm.deny, names)),
      h('button', { class: `button ${confirm.style ?? 'primary'}`, value: 'yes' }, textObject(confirm.confirm, names)),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}
