package io.meltemi.proxy.admin;

/**
 * An answer of the admin interface.
 *
 * @param afterwards runs once the answer is sent
 */
record AdminReply(int status, String contentType, String body, Runnable afterwards) {

  static AdminReply text(int status, String body) {
    return new AdminReply(status, "text/plain; charset=UTF-8", body, () -> {});
  }

  static AdminReply json(String body) {
    return new AdminReply(200, "application/json", body, () -> {});
  }
}
