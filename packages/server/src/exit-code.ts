/** The server ends with this when a setting cannot be used. */
export const BAD_SETTING = 2;
/** The server ends with this when another one has the store: whoever started it need only wait for that one. */
export const IN_USE = 3;
