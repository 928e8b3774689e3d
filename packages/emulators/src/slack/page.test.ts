import { WebClient } from '@slack/web-api';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Slack, startSlack } from './start.ts';
import { barriers, openWindow, startBrowser } from './testing/browser.ts';
import { startSmallApp } from './testing/small-app.ts';
import { cluster } from './testing/small-blocks.ts';
import { until } from './testing/until.ts';

let browser: Browser;
let slack: Slack;
let app: Awaited<ReturnType<typeof startSmallApp>>;
let page: Page;
let complaints: readonly string[];

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  slack = await startSlack();
  app = await startSmallApp(slack, 'http');
  ({ page, complaints } = await openWindow(browser, slack.url));
});
afterEach(async () => {
  expect(complaints).toEqual([]);
  await page.close();
  await app.stop();
  await slack.close();
});

/** What has the keyboard. */
function focused(on = page): Promise<string> {
  return on.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent');
}

const send = async (line: string, on = page) => {
  await on.getByRole('textbox', { name: /^Message/ }).fill(line);
  await on.keyboard.press('Enter');
};

test('by mouse: a command, its message live for everybody, and its button with a question before', async () => {
  const other = await openWindow(browser, slack.url);
  await other.page.getByLabel('You are').selectOption('Jonas Lindqvist');
  await page.getByRole('button', { name: '/dask up 4 spot local' }).click();
  await page.getByRole('button', { name: 'Send' }).click();
  for (const one of [page, other.page]) {
    await one.getByText('is ready in').waitFor();
    await one.getByRole('button', { name: '1 reply' }).waitFor();
  }
  await send('/dask wrong');
  await page.getByText('Only visible to you').waitFor();
  await page.getByRole('button', { name: '1 reply' }).click();
  await page.getByRole('complementary', { name: 'Thread' }).getByText('joined in 31 s').waitFor();
  await page.getByRole('button', { name: 'Close thread' }).click();

  await page.getByRole('button', { name: 'Down' }).click();
  const question = page.getByRole('alertdialog', { name: 'End amber-finch?' });
  await question.getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Down' }).click();
  await question.getByRole('button', { name: 'End it' }).click();
  for (const one of [page, other.page]) {
    await one.getByText('is ended in').waitFor();
    expect(await one.getByRole('button', { name: 'Down' }).count()).toBe(0);
  }
  await page.getByRole('article').getByText('It is ended.').waitFor();
  // What is for one person is on no other's page.
  expect(await other.page.getByText('Only visible to you').count()).toBe(0);
  expect(app.noted).toEqual(['up 4 spot local', 'wrong', 'down']);
  expect(other.complaints).toEqual([]);
  await other.page.close();
});

test('by keyboard: a modal, its errors, a menu, and a button', async () => {
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the messages');
  await page.keyboard.press('Enter');
  await page.keyboard.type('/dask');
  await page.keyboard.press('Enter');
  const modal = page.getByRole('dialog', { name: 'New cluster' });
  const workers = modal.getByLabel('Workers');
  await workers.and(page.locator(':focus')).waitFor();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('200');
  await page.keyboard.press('Enter');
  await modal.getByText('At most 100 workers.').waitFor();
  expect(await workers.getAttribute('aria-invalid')).toBe('true');
  await workers.and(page.locator(':focus')).waitFor();
  expect(await page.getByRole('status').textContent()).toBe('At most 100 workers.');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('6');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  expect(await modal.getByLabel('On-demand').isChecked()).toBe(true);
  await page.keyboard.press('Enter');
  await modal.waitFor({ state: 'detached' });
  await page.getByText('6 of 6').waitFor();
  expect(await focused()).toBe('Message #data-science');
  await until('the announcement', async () =>
    ((await page.getByRole('status').textContent()) ?? '').includes('6 workers'),
  );

  // Back from the composer to the message's last button.
  for (let steps = 0; (await focused()) !== 'Down' && steps < 10; steps++) await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await until('the harmless answer', async () => (await focused()) === 'Keep it');
  await page.keyboard.press('Escape');
  await until('the button again', async () => (await focused()) === 'Down');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('is ended in').waitFor();
  await send('/dask');
  await modal.waitFor();
  await page.keyboard.press('Escape');
  await modal.waitFor({ state: 'detached' });
  await until('the app’s knowledge of it', () => app.noted.includes('closed'));
});

test('an update changes no more than it must: the keyboard and what is chosen stay', async () => {
  await send('/dask up');
  await page.getByRole('button', { name: '1 reply' }).waitFor();
  const menu = page.getByLabel(/^Scale/);
  await menu.selectOption('8 workers');
  await until('the choice', () => app.noted.includes('scale 8'));
  await page.getByRole('button', { name: 'Connect' }).focus();
  const client = new WebClient(slack.env.SLACK_BOT_TOKEN, { slackApiUrl: slack.env.SLACK_API_URL ?? '' });
  const message = slack.control.messages('data-science')[0];
  await client.chat.update({ channel: message?.channel ?? '', ts: message?.ts ?? '', ...cluster('ready', 9) });
  await page.getByText('9 of 9').waitFor();
  expect(await focused()).toBe('Connect');
  expect(await menu.inputValue()).toBe('8');
});

test('the Home: tables sort and turn, charts are told too, and nobody sees another’s', async () => {
  await page.getByRole('navigation').getByRole('link', { name: 'daskup' }).click();
  const table = page.getByRole('table', { name: 'Clusters of the team' });
  await table.waitFor();
  const names = () => table.locator('tbody th').allTextContents();
  expect(await names()).toEqual(['amber-finch', 'blue-heron', 'coral-wren']);
  await page.getByRole('button', { name: 'Workers' }).click();
  await page.getByRole('button', { name: 'Workers' }).click();
  expect(await names()).toEqual(['dusky-swift', 'coral-wren', 'blue-heron']);
  expect(await table.getByRole('columnheader', { name: 'Workers' }).getAttribute('aria-sort')).toBe('descending');
  await page.getByRole('button', { name: 'Next' }).click();
  expect(await names()).toEqual(['amber-finch']);
  await page.getByRole('img', { name: /bar chart: Spend this week/ }).waitFor();
  await page.getByText('Show as a table').click();
  await page.getByRole('row', { name: 'Mon 3 8' }).waitFor();
  expect(slack.control.person('jonas').home()).toBeNull();
});

test('a role is another group, and who does not get an answer is told', async () => {
  const approvers = [...slack.control.workspace().groups.values()].find(({ handle }) => handle === 'dask-approvers');
  await page.getByLabel('@dask-approvers').check();
  await until('the membership', () => approvers?.members.has(slack.control.person('mira').person.id) ?? false);
  await page.getByLabel('@dask-approvers').uncheck();
  await until('its end', () => !approvers?.members.has(slack.control.person('mira').person.id));
  await send('/dask up');
  await page.getByRole('button', { name: 'Connect' }).waitFor();
  slack.control.deliverTo('http://127.0.0.1:1/nobody');
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.getByRole('alert').getByText('dispatch_failed').waitFor();
  await send('/dask up');
  await page.getByRole('article').getByText('/dask failed with the error "dispatch_failed"').waitFor();
});

test.each(['light', 'dark'] as const)(
  'no barriers in %s: the channel, a thread, a modal with errors, the Home',
  async (scheme) => {
    const { page: window, complaints: others } = await openWindow(browser, slack.url, scheme);
    await send('/dask up', window);
    await window.getByRole('button', { name: '1 reply' }).click();
    expect(await barriers(window)).toEqual([]);
    await window.getByRole('button', { name: 'Close thread' }).click();
    await send('/dask', window);
    await window.getByLabel('Workers').fill('0');
    await window.getByRole('button', { name: 'Make it' }).click();
    await window.getByRole('dialog').getByText('at least 1').waitFor();
    expect(await barriers(window)).toEqual([]);
    await window.getByRole('button', { name: 'Cancel' }).click();
    await window.getByRole('navigation').getByRole('link', { name: 'daskup' }).click();
    await window.getByRole('table').waitFor();
    expect(await barriers(window)).toEqual([]);
    expect(others).toEqual([]);
    await window.close();
  },
);
