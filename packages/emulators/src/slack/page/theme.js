const KEY = 'theme';

/** Light or dark: as the system has it, until somebody says otherwise. */
export function themes(changed) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (localStorage.getItem(KEY) ?? (system.matches ? 'dark' : 'light')) === 'dark';
  function apply() {
    document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
    changed();
  }
  system.addEventListener('change', apply);
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
  return {
    isDark,
    turn() {
      localStorage.setItem(KEY, isDark() ? 'light' : 'dark');
      apply();
    },
  };
}
