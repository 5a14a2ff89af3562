package io.meltemi.config.resource;

import io.meltemi.config.yaml.FieldPatterns;
import java.util.List;

/**
 * A kind of resource. Kinds are few, listed in {@code io.meltemi.config.Kinds}, and compared by
 * identity.
 *
 * @param <T> the record that a resource of the kind is parsed to
 */
public final class ResourceKind<T> {
  private final String group;
  private final List<String> versions;
  private final String kind;
  private final String plural;
  private final boolean namespaced;
  private final Class<T> type;
  private final SpecParser<T> parser;
  private final FieldPatterns notYetTranslated;

  /**
   * Made once per kind.
   *
   * @param group API group, empty for the core group
   * @param versions accepted versions, the preferred one first; all have the same schema
   * @param plural lower-case plural, such as {@code virtualservices}
   * @param notYetTranslated {@link FieldPatterns} of fields that are parsed and validated but have
   *     no effect yet; a warning is given when one is set
   */
  public ResourceKind(
      String group,
      List<String> versions,
      String kind,
      String plural,
      boolean namespaced,
      Class<T> type,
      SpecParser<T> parser,
      List<String> notYetTranslated) {
    this.group = group;
    this.versions = List.copyOf(versions);
    this.kind = kind;
    this.plural = plural;
    this.namespaced = namespaced;
    this.type = type;
    this.parser = parser;
    this.notYetTranslated = new FieldPatterns(notYetTranslated);
  }

  public String group() {
    return group;
  }

  public List<String> versions() {
    return versions;
  }

  public String kind() {
    return kind;
  }

  public String plural() {
    return plural;
  }

  public boolean namespaced() {
    return namespaced;
  }

  public Class<T> type() {
    return type;
  }

  public SpecParser<T> parser() {
    return parser;
  }

  public FieldPatterns notYetTranslated() {
    return notYetTranslated;
  }

  /** True for Istio's kinds, whose fields are all known; of Kubernetes' own only some are read. */
  public boolean isIstio() {
    return group.endsWith("istio.io");
  }

  /** True for kinds that come with the Gateway API, whose fields are all known too. */
  public boolean isGatewayApi() {
    return group.startsWith("gateway.networking.") || group.startsWith("inference.networking.");
  }

  /** {@code group/version}, or the version alone in the core group, with the preferred version. */
  public String apiVersion() {
    return group.isEmpty() ? versions.getFirst() : group + "/" + versions.getFirst();
  }

  @Override
  public String toString() {
    return kind;
  }
}
