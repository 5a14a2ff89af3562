package io.meltemi.proxy;

import java.util.List;

/**
 * One of Envoy's command line flags and what it does here.
 *
 * @param names every spelling, the long one first
 * @param argument what the flag takes, such as {@code path}; empty for a switch
 * @param reason why it has no effect, or is refused; empty when it has its effect
 */
public record ProxyFlag(
    List<String> names, String argument, String description, Effect effect, String reason) {

  /** What happens with a flag. */
  public enum Effect {
    /** It does what it does in Envoy. */
    APPLIED,
    /** It is taken, said, and changes nothing. */
    WITHOUT_EFFECT,
    /** It ends the start with a reason. */
    REFUSED
  }

  public ProxyFlag {
    names = List.copyOf(names);
  }

  /** The flag's first name. */
  public String name() {
    return names.get(0);
  }

  /** Every flag, in the order help shows them. */
  public static List<ProxyFlag> all() {
    return ALL;
  }

  private static final String ONE_PROCESS = "there is no hot restart: one process serves at a time";
  private static final List<ProxyFlag> ALL =
      List.of(
          applied("path", "The bootstrap, as YAML or JSON", "--config-path", "-c"),
          applied("yaml", "Bootstrap text, merged over the file", "--config-yaml"),
          applied("number", "Number of event loops; 0 for one per processor", "--concurrency"),
          applied("id", "The node's id, over the bootstrap's", "--service-node"),
          applied("name", "The node's cluster, over the bootstrap's", "--service-cluster"),
          applied("zone", "The node's zone, over the bootstrap's", "--service-zone"),
          applied(
              "level", "trace, debug, info, warning, error, critical or off", "--log-level", "-l"),
          applied("mode", "serve, or validate the configuration and end", "--mode"),
          applied("path", "A file that the admin address is written to", "--admin-address-path"),
          applied("seconds", "How long connections may drain", "--drain-time-s"),
          without(
              "strategy",
              "gradual or immediate",
              "every connection drains as soon as it is idle",
              "--drain-strategy"),
          applied(
              "level list", "Levels by component, such as upstream:debug", "--component-log-level"),
          applied("path", "A file that the log is appended to", "--log-path"),
          without(
              "version",
              "v4 or v6",
              "addresses are taken as written",
              "--local-address-ip-version"),
          without("format", "Format of log lines", "the log has one format", "--log-format"),
          without(
              "",
              "Escape line ends in log lines",
              "they are always escaped",
              "--log-format-escaped"),
          without(
              "",
              "Fine-grained logger",
              "levels are set by component",
              "--enable-fine-grain-logging"),
          without("number", "Base id", ONE_PROCESS, "--base-id"),
          without("", "Find a free base id", ONE_PROCESS, "--use-dynamic-base-id"),
          without("path", "A file that the base id is written to", ONE_PROCESS, "--base-id-path"),
          without("number", "Restart epoch", ONE_PROCESS, "--restart-epoch"),
          without(
              "seconds", "When the parent process ends", ONE_PROCESS, "--parent-shutdown-time-s"),
          without("", "No hot restart", ONE_PROCESS, "--disable-hot-restart"),
          without("", "No hot restart", ONE_PROCESS, "--skip-hot-restart-on-no-parent"),
          without("", "No hot restart", ONE_PROCESS, "--skip-hot-restart-parent-stats"),
          without("path", "Domain socket of the hot restart", ONE_PROCESS, "--socket-path"),
          without("mode", "Mode of the domain socket", ONE_PROCESS, "--socket-mode"),
          without(
              "ms",
              "Flush of application logs",
              "every line is written at once",
              "--file-flush-interval-msec"),
          without(
              "KB",
              "Flush size of application logs",
              "every line is written at once",
              "--file-flush-min-size-kb"),
          without("", "Worker threads by processor set", "threads float", "--cpuset-threads"),
          without("", "Mutex tracing", "there is no contention tracing", "--enable-mutex-tracing"),
          without("", "Core dumps", "a JVM has none", "--enable-core-dump"),
          without("", "Tags of stats", "the default tags are always used", "--stats-tag"),
          without(
              "",
              "Warn of unknown fields",
              "there are no deprecated names to allow",
              "--ignore-unknown-dynamic-fields"),
          without(
              "",
              "Refuse unknown dynamic fields",
              "they always are refused",
              "--reject-unknown-dynamic-fields"),
          refused(
              "",
              "Allow unknown static fields",
              "unknown fields are always refused",
              "--allow-unknown-static-fields"),
          refused(
              "",
              "Allow unknown fields",
              "unknown fields are always refused",
              "--allow-unknown-fields"),
          refused(
              "list", "Extensions to leave out", "extensions are fixed", "--disable-extensions"));

  private static ProxyFlag applied(String argument, String description, String... names) {
    return new ProxyFlag(List.of(names), argument, description, Effect.APPLIED, "");
  }

  private static ProxyFlag without(
      String argument, String description, String reason, String... names) {
    return new ProxyFlag(List.of(names), argument, description, Effect.WITHOUT_EFFECT, reason);
  }

  private static ProxyFlag refused(
      String argument, String description, String reason, String... names) {
    return new ProxyFlag(List.of(names), argument, description, Effect.REFUSED, reason);
  }
}
