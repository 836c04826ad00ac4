// What pages that show one film or pair after the other ask of the server.

import { Connection } from "./connection.js";

export class WorklistApi extends Connection {
  /**
   * @param {string} items path, and name in the answer, of all that this person has before them
   * @param {string} statements path of what is said of one
   */
  constructor(items, statements) {
    super();
    this.items = items;
    this.statements = statements;
  }

  /** @returns {Promise<import("./worklist.js").Item[]>} */
  async list() {
    return (await this.get(this.items))[this.items];
  }

  /**
   * @param {any[]} statements one at a time
   * @returns {Promise<any>} the item as it stands then, and whether anything was logged
   */
  send([statement]) {
    return this.post(this.statements, statement);
  }
}
