package io.meltemi.samples.bookinfo;

import java.util.Map;

/**
 * The environment variables of one app.
 *
 * @param values as the process got them
 */
record Environment(Map<String, String> values) {
  Environment {
    values = Map.copyOf(values);
  }

  String text(String name, String missing) {
    String value = values.getOrDefault(name, "");
    return value.isEmpty() ? missing : value;
  }

  /**
   * A whole number.
   *
   * @throws IllegalArgumentException naming the variable and its value
   */
  int number(String name, int missing) {
    String value = text(name, String.valueOf(missing));
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: a whole number)", e);
    }
  }

  boolean flag(String name) {
    return text(name, "false").equalsIgnoreCase("true");
  }

  /** The address to listen on: {@code 127.0.0.1} unless {@code LISTEN_HOST} says otherwise. */
  String listenHost() {
    return text("LISTEN_HOST", "127.0.0.1");
  }

  int port() {
    return number("PORT", 9080);
  }

  /** The version of this app as told from outside, such as {@code v1}. */
  String version() {
    return text("SERVICE_VERSION", "v1");
  }

  /** The name of the pod this runs in. */
  String podName() {
    return text("POD_NAME", text("HOSTNAME", "unknown"));
  }
}
