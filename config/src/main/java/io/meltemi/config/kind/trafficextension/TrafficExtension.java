package io.meltemi.config.kind.trafficextension;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.traffic.TargetRef;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A filter of somebody's own in the proxies of some workloads; what WasmPlugin and TrafficExtension
 * both come to.
 *
 * @param selector unset means every workload of the namespace
 * @param targets in place of a selector
 * @param priority within the phase, highest first; unset comes after all others
 * @param match listeners, any of these; empty means all
 */
public record TrafficExtension(
    Optional<Labels> selector,
    List<TargetRef> targets,
    Phase phase,
    OptionalInt priority,
    List<Match> match,
    Code code) {

  /** Before which of the mesh's own filters it stands. */
  public enum Phase {
    /** After all others, before the router. */
    UNSPECIFIED,
    AUTHN,
    AUTHZ,
    STATS
  }

  /**
   * Which listeners are meant.
   *
   * @param ports empty means all
   */
  public record Match(Mode mode, List<Integer> ports) {
    public Match {
      ports = List.copyOf(ports);
    }
  }

  /** Which side of a call is meant; a gateway is a client. */
  public enum Mode {
    CLIENT_AND_SERVER,
    CLIENT,
    SERVER
  }

  /** What runs. */
  public sealed interface Code {}

  /**
   * A WebAssembly module.
   *
   * @param pluginName root ID of the plugin; may be empty
   * @param pluginConfig as JSON; empty when there is none
   * @param network it sees bytes, not requests
   */
  public record Wasm(
      Source source,
      String pluginName,
      String pluginConfig,
      FailStrategy failStrategy,
      List<Variable> environment,
      boolean network)
      implements Code {
    public Wasm {
      environment = List.copyOf(environment);
    }
  }

  /**
   * Where a module comes from.
   *
   * @param url as written; without a scheme an OCI image
   * @param sha256 of the module; empty when not written
   * @param pullPolicy empty when not written
   * @param pullSecret name of a Secret of the namespace; empty for none
   */
  public record Source(String url, String sha256, String pullPolicy, String pullSecret) {}

  /** What happens to calls when the module fails. */
  public enum FailStrategy {
    FAIL_CLOSE,
    FAIL_OPEN,
    FAIL_RELOAD
  }

  /**
   * An environment variable of the module.
   *
   * @param ofHost the value is that of the proxy's own variable
   */
  public record Variable(String name, String value, boolean ofHost) {}

  /** A Lua script. */
  public record Lua(String inlineCode) implements Code {}

  public TrafficExtension {
    targets = List.copyOf(targets);
    match = List.copyOf(match);
  }
}
