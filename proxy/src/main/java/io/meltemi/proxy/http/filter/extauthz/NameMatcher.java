package io.meltemi.proxy.http.filter.extauthz;

import io.envoyproxy.envoy.type.matcher.v3.ListStringMatcher;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.ArrayList;
import java.util.List;

/** Names of headers, one of which a name must match. Without any none does. */
record NameMatcher(List<StringMatcher> patterns) {
  static final NameMatcher NONE = new NameMatcher(List.of());

  private static final SupportedFields LIST =
      SupportedFields.of(ListStringMatcher.class, "patterns");

  NameMatcher {
    patterns = List.copyOf(patterns);
  }

  static NameMatcher parse(ListStringMatcher proto, ParseScope scope) {
    LIST.check(proto, scope);
    List<StringMatcher> patterns = new ArrayList<>();
    for (int i = 0; i < proto.getPatternsCount(); i++) {
      StringMatcherParser.parse(proto.getPatterns(i), scope.field("patterns", i))
          .ifPresent(patterns::add);
    }
    return new NameMatcher(patterns);
  }

  boolean isEmpty() {
    return patterns.isEmpty();
  }

  boolean matches(byte[] array, int start, int length) {
    for (int i = 0; i < patterns.size(); i++) {
      if (patterns.get(i).matches(array, start, length)) {
        return true;
      }
    }
    return false;
  }
}
