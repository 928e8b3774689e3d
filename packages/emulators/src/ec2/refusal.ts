/** What EC2 says when it will not do a call. Codes: the EC2 API reference, "Error codes". */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
