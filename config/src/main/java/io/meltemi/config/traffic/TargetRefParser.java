package io.meltemi.config.traffic;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads {@code targetRefs}. */
public final class TargetRefParser {
  /** How many resources one policy may be bound to. */
  public static final int TARGETS_MAX = 16;

  /** What a policy may be bound to, and by which group. */
  private static final Map<String, String> TARGETS =
      Map.of(
          "Gateway", "gateway.networking.k8s.io",
          "GatewayClass", "gateway.networking.k8s.io",
          "Service", "",
          "ServiceEntry", "networking.istio.io");

  private TargetRefParser() {}

  /**
   * Reads {@code targetRef} and {@code targetRefs} of a policy.
   *
   * @param selector of the same policy, which leaves no room for them
   */
  public static List<TargetRef> parseAll(ObjectReader reader, Optional<Labels> selector) {
    List<TargetRef> targets =
        new ArrayList<>(reader.objects("targetRefs", TargetRefParser::target));
    reader.object("targetRef", TargetRefParser::target).ifPresent(targets::add);
    if (reader.has("targetRef") && reader.size("targetRefs") > 0) {
      reader.error("targetRefs", "targetRefs beside targetRef", "one of the two");
    }
    if (selector.isPresent() && !targets.isEmpty()) {
      reader.error("selector", "selector beside targetRefs", "one of the two");
    }
    if (targets.size() > TARGETS_MAX) {
      reader.error("targetRefs", targets.size() + " targets", "at most " + TARGETS_MAX);
    }
    return targets;
  }

  private static TargetRef target(ObjectReader reader) {
    checkKind(reader);
    if (reader.string("name").isEmpty()) {
      reader.error("name", "nothing", "the name of a resource");
    }
    checkNamespace(reader);
    return of(reader);
  }

  /** What the reader's object names. */
  public static TargetRef of(ObjectReader reader) {
    return new TargetRef(reader.string("group"), reader.string("kind"), reader.string("name"));
  }

  /** Complains of a kind that policies cannot be bound to. */
  public static void checkKind(ObjectReader reader) {
    String group = reader.string("group");
    String kind = reader.string("kind");
    if (!(group.equals("core") ? "" : group).equals(TARGETS.get(kind))) {
      reader.error(
          "kind",
          group.isEmpty() ? kind : group + " " + kind,
          "Gateway or GatewayClass of gateway.networking.k8s.io, Service, or ServiceEntry of"
              + " networking.istio.io");
    }
  }

  /** Complains of any namespace. */
  public static void checkNamespace(ObjectReader reader) {
    if (!reader.string("namespace").isEmpty()) {
      reader.error("namespace", reader.written("namespace"), "none; the own namespace is meant");
    }
  }
}
