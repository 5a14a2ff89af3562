package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.traffic.StringMatch;
import io.meltemi.config.traffic.StringMatchParser;
import io.meltemi.config.yaml.ObjectReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** Reads {@code http[].match[]}. */
final class HttpMatchParser {
  /** A claim of a JWT in place of a header name. */
  static final String CLAIM_PREFIX = "@request.auth.claims";

  private static final Pattern CLAIM =
      Pattern.compile(
          "@request\\.auth\\.claims(\\.[^.\\[\\]]+)+|@request\\.auth\\.claims(\\[[^\\[\\]]+\\])+");

  private final boolean gatewayBound;

  HttpMatchParser(boolean gatewayBound) {
    this.gatewayBound = gatewayBound;
  }

  HttpMatch parse(ObjectReader reader) {
    String name = reader.string("name");
    SourceMatch source = VirtualServiceParser.source(reader);
    OptionalInt port = reader.integer("port", 1, 65535);
    HttpMatch.Request request =
        new HttpMatch.Request(
            reader.object("uri", r -> StringMatchParser.parse(r, true)).orElse(Optional.empty()),
            reader.bool("ignoreUriCase"),
            stringMatch(reader, "scheme"),
            stringMatch(reader, "method"),
            stringMatch(reader, "authority"),
            headers(reader, "headers"),
            headers(reader, "withoutHeaders"),
            reader.objectMap("queryParams", StringMatchParser::parseQuery));
    return new HttpMatch(name, request, source, port, reader.string("statPrefix"));
  }

  private static Optional<StringMatch> stringMatch(ObjectReader reader, String field) {
    return reader.object(field, r -> StringMatchParser.parse(r, false)).orElse(Optional.empty());
  }

  private Map<String, StringMatch> headers(ObjectReader reader, String field) {
    Map<String, StringMatch> headers = new LinkedHashMap<>();
    reader
        .objectMap(field, StringMatchParser::parsePresence)
        .forEach(
            (name, match) -> {
              checkName(reader, field, name);
              headers.put(isClaim(name) ? name : name.toLowerCase(Locale.ROOT), match);
            });
    return headers;
  }

  private void checkName(ObjectReader reader, String field, String name) {
    if (isClaim(name)) {
      if (!CLAIM.matcher(name).matches()) {
        reader.error(
            field, '"' + name + '"', "@request.auth.claims.NAME or @request.auth.claims[NAME]");
      } else if (!gatewayBound) {
        reader.error(
            field,
            '"' + name + '"',
            "a gateway in spec.gateways; claims are only read at gateways");
      }
    } else if (!HeaderOperationsParser.isName(name)) {
      reader.error(field, '"' + name + '"', "a header name of letters, digits, '-' and '_'");
    }
  }

  private static boolean isClaim(String name) {
    return name.startsWith(CLAIM_PREFIX);
  }

  /** True when every match fixes the beginning of the path, which a prefix redirect replaces. */
  static boolean allPrefixes(List<HttpMatch> matches) {
    return !matches.isEmpty()
        && matches.stream()
            .allMatch(match -> match.request().uri().orElse(null) instanceof StringMatch.Prefix);
  }
}
