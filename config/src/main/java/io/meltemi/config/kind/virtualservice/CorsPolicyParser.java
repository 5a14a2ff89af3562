package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.kind.virtualservice.CorsPolicy.UnmatchedPreflights;
import io.meltemi.config.traffic.StringMatch;
import io.meltemi.config.traffic.StringMatchParser;
import io.meltemi.config.yaml.ObjectReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads {@code http[].corsPolicy}. */
final class CorsPolicyParser {
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*");

  private CorsPolicyParser() {}

  static CorsPolicy parse(ObjectReader reader) {
    List<StringMatch> origins = new ArrayList<>();
    reader
        .objects("allowOrigins", r -> StringMatchParser.parse(r, false))
        .forEach(match -> match.ifPresent(origins::add));
    List<String> older = reader.strings("allowOrigin");
    if (!older.isEmpty()) {
      reader.warn("allowOrigin", String.join(", ", older), "allowOrigins; this is deprecated");
      if (reader.isEmpty("allowOrigins")) {
        older.forEach(origin -> origins.add(new StringMatch.Exact(origin)));
      }
    }
    List<String> methods = reader.strings("allowMethods");
    for (int i = 0; i < methods.size(); i++) {
      if (!METHODS.contains(methods.get(i))) {
        reader.error(
            "allowMethods", i, '"' + methods.get(i) + '"', "an HTTP method such as GET, or '*'");
      }
    }
    Optional<Duration> maxAge = reader.duration("maxAge", Duration.ofMillis(1));
    if (maxAge.isPresent() && maxAge.get().toNanos() % 1_000_000_000 != 0) {
      reader.error("maxAge", reader.written("maxAge"), "whole seconds");
    }
    return new CorsPolicy(
        origins,
        methods,
        headers(reader, "allowHeaders"),
        headers(reader, "exposeHeaders"),
        maxAge,
        reader.optionalBool("allowCredentials"),
        reader
            .enumeration("unmatchedPreflights", UnmatchedPreflights.class)
            .orElse(UnmatchedPreflights.UNSPECIFIED));
  }

  private static List<String> headers(ObjectReader reader, String field) {
    List<String> names = reader.strings(field);
    for (int i = 0; i < names.size(); i++) {
      if (!names.get(i).equals("*") && !HeaderOperationsParser.isName(names.get(i))) {
        reader.error(field, i, '"' + names.get(i) + '"', "a header name, or '*'");
      }
    }
    return names;
  }
}
