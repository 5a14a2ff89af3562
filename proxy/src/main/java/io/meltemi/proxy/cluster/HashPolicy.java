package io.meltemi.proxy.cluster;

import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.RegexRewrite;
import java.util.List;
import java.util.Optional;

/** What consistent hashing looks at. A terminal one ends the list once it gave a hash. */
public sealed interface HashPolicy {
  boolean terminal();

  record Header(HeaderName name, Optional<RegexRewrite> rewrite, boolean terminal)
      implements HashPolicy {}

  /**
   * @param ttlNanos life of a cookie made here; empty when none is made
   * @param attributes name and value of further cookie attributes
   */
  record Cookie(
      BytePattern name,
      Optional<Long> ttlNanos,
      String path,
      List<Attribute> attributes,
      boolean terminal)
      implements HashPolicy {
    public Cookie {
      attributes = List.copyOf(attributes);
    }
  }

  /** A cookie attribute such as {@code SameSite=Strict}; the value may be empty. */
  record Attribute(String name, String value) {}

  record SourceIp(boolean terminal) implements HashPolicy {}

  record QueryParameter(BytePattern name, boolean terminal) implements HashPolicy {}
}
