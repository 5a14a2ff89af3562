package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.kind.gatewayapi.HttpFilter.Cors;
import io.meltemi.config.kind.gatewayapi.HttpFilter.HeaderChanges;
import io.meltemi.config.kind.gatewayapi.HttpFilter.PathChange;
import io.meltemi.config.kind.gatewayapi.HttpFilter.Share;
import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Reads the filters of HTTP and gRPC routes, each of which has the field that its type names. */
final class HttpFilterParser {
  private static final Map<String, String> FIELDS =
      Map.of(
          "RequestHeaderModifier", "requestHeaderModifier",
          "ResponseHeaderModifier", "responseHeaderModifier",
          "RequestMirror", "requestMirror",
          "RequestRedirect", "requestRedirect",
          "URLRewrite", "urlRewrite",
          "CORS", "cors",
          "ExternalAuth", "externalAuth",
          "ExtensionRef", "extensionRef");
  private static final List<String> METHODS =
      List.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*");
  private static final Set<String> REPEATABLE =
      Set.of("RequestMirror", "ExtensionRef", "ExternalAuth");
  private static final List<String> REDIRECT_CODES = List.of("301", "302", "303", "307", "308");
  private static final Pattern ORIGIN =
      Pattern.compile("\\*|https?://((\\*\\.)?([a-zA-Z0-9-]+\\.)*[a-zA-Z0-9-]+|\\*)(:[0-9]{1,5})?");

  /** For HTTPRoute. */
  static final HttpFilterParser HTTP =
      new HttpFilterParser(
          List.of(
              "RequestHeaderModifier",
              "ResponseHeaderModifier",
              "RequestMirror",
              "RequestRedirect",
              "URLRewrite",
              "ExtensionRef",
              "CORS",
              "ExternalAuth"));

  /** For GRPCRoute. */
  static final HttpFilterParser GRPC =
      new HttpFilterParser(
          List.of(
              "ResponseHeaderModifier", "RequestHeaderModifier", "RequestMirror", "ExtensionRef"));

  private final List<String> types;

  private HttpFilterParser(List<String> types) {
    this.types = types;
  }

  /** The filters of a rule or a backend. */
  List<HttpFilter> parseAll(ObjectReader owner) {
    List<HttpFilter> filters = owner.objects("filters", this::parse);
    Fields.size(owner, "filters", 0, 16);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < filters.size(); i++) {
      String type = filters.get(i).type();
      if (!REPEATABLE.contains(type) && !seen.add(type)) {
        owner.error("filters", i, type + " again", "at most one " + type);
      }
    }
    if (seen.contains("RequestRedirect") && seen.contains("URLRewrite")) {
      owner.error("filters", "RequestRedirect and URLRewrite", "one of them");
    }
    return filters;
  }

  private HttpFilter parse(ObjectReader reader) {
    Fields.require(reader, "type", "one of " + String.join(", ", types));
    String type = Fields.word(reader, "type", types).orElse("");
    Map<String, HttpFilter> filters = new HashMap<>();
    read(reader, "RequestHeaderModifier", filters, r -> new HttpFilter.RequestHeaders(headers(r)));
    read(
        reader, "ResponseHeaderModifier", filters, r -> new HttpFilter.ResponseHeaders(headers(r)));
    read(reader, "RequestMirror", filters, HttpFilterParser::mirror);
    read(reader, "RequestRedirect", filters, HttpFilterParser::redirect);
    read(reader, "URLRewrite", filters, HttpFilterParser::rewrite);
    read(reader, "CORS", filters, HttpFilterParser::cors);
    read(reader, "ExternalAuth", filters, HttpFilterParser::externalAuth);
    read(reader, "ExtensionRef", filters, r -> new HttpFilter.Extension(Fields.explicitRef(r)));
    for (String other : types) {
      String field = FIELDS.getOrDefault(other, "");
      if (other.equals(type)) {
        Fields.require(reader, field, "the settings of type " + type);
      } else if (reader.has(field)) {
        reader.error(field, "a " + field, "none for type " + (type.isEmpty() ? "none" : type));
      }
    }
    return filters.getOrDefault(type, new HttpFilter.Unreadable(type));
  }

  private void read(
      ObjectReader reader,
      String type,
      Map<String, HttpFilter> filters,
      Function<ObjectReader, HttpFilter> parser) {
    if (types.contains(type)) {
      reader
          .object(FIELDS.getOrDefault(type, type), parser)
          .ifPresent(filter -> filters.put(type, filter));
    }
  }

  private static HeaderChanges headers(ObjectReader reader) {
    List<String> remove = reader.strings("remove");
    Fields.size(reader, "remove", 0, 16);
    Fields.each(reader, "remove", remove);
    return new HeaderChanges(headerMap(reader, "set"), headerMap(reader, "add"), remove);
  }

  private record Header(String name, String value) {}

  private static Map<String, String> headerMap(ObjectReader reader, String field) {
    List<Header> headers = reader.objects(field, HttpFilterParser::header);
    Fields.size(reader, field, 0, 16);
    Fields.each(reader, field, headers.stream().map(Header::name).toList());
    Map<String, String> map = new LinkedHashMap<>();
    for (Header header : headers) {
      map.putIfAbsent(header.name().toLowerCase(Locale.ROOT), header.value());
    }
    return map;
  }

  private static Header header(ObjectReader reader) {
    Fields.require(reader, "name", "the name of a header");
    return new Header(Fields.token(reader, "name").orElse(""), Fields.headerValue(reader));
  }

  private static HttpFilter mirror(ObjectReader reader) {
    OptionalInt percent = reader.integer("percent", 0, 100);
    Optional<Share> fraction = reader.object("fraction", HttpFilterParser::fraction);
    if (reader.has("percent") && reader.has("fraction")) {
      reader.error("fraction", "a fraction beside percent", "one of percent and fraction");
    }
    Share share =
        fraction.orElseGet(
            () -> percent.isPresent() ? new Share(percent.getAsInt(), 100) : Share.ALL);
    return new HttpFilter.Mirror(RouteParser.requiredBackendRef(reader), share);
  }

  private static Share fraction(ObjectReader reader) {
    Fields.require(reader, "numerator", "a whole number");
    int numerator = reader.integer("numerator", 0, Integer.MAX_VALUE).orElse(0);
    int denominator = reader.integer("denominator", 1, Integer.MAX_VALUE).orElse(100);
    if (numerator > denominator) {
      reader.error("numerator", Integer.toString(numerator), "at most the denominator");
    }
    return new Share(numerator, denominator);
  }

  private static HttpFilter redirect(ObjectReader reader) {
    OptionalInt code = reader.integer("statusCode", 0, Integer.MAX_VALUE);
    if (code.isPresent() && !REDIRECT_CODES.contains(Integer.toString(code.getAsInt()))) {
      reader.error(
          "statusCode",
          Integer.toString(code.getAsInt()),
          "one of " + String.join(", ", REDIRECT_CODES));
    }
    return new HttpFilter.Redirect(
        Fields.word(reader, "scheme", List.of("http", "https")),
        Fields.hostname(reader, "hostname", false),
        reader.object("path", HttpFilterParser::path),
        Fields.port(reader, "port"),
        code);
  }

  private static HttpFilter rewrite(ObjectReader reader) {
    return new HttpFilter.Rewrite(
        Fields.hostname(reader, "hostname", false), reader.object("path", HttpFilterParser::path));
  }

  private static PathChange path(ObjectReader reader) {
    Fields.require(reader, "type", "ReplaceFullPath or ReplacePrefixMatch");
    boolean prefix =
        Fields.word(reader, "type", List.of("ReplaceFullPath", "ReplacePrefixMatch"))
            .orElse("ReplaceFullPath")
            .equals("ReplacePrefixMatch");
    String full = Fields.text(reader, "replaceFullPath", 0, 1024).orElse("");
    String part = Fields.text(reader, "replacePrefixMatch", 0, 1024).orElse("");
    String field = prefix ? "replacePrefixMatch" : "replaceFullPath";
    String other = prefix ? "replaceFullPath" : "replacePrefixMatch";
    Fields.require(reader, field, "the new path");
    if (reader.has(other)) {
      reader.error(other, "a " + other, "none for type " + reader.string("type"));
    }
    return prefix ? new PathChange.Prefix(part) : new PathChange.Full(full);
  }

  private static HttpFilter cors(ObjectReader reader) {
    List<String> origins = reader.strings("allowOrigins");
    Fields.size(reader, "allowOrigins", 0, 64);
    for (int i = 0; i < origins.size(); i++) {
      if (origins.get(i).length() > 253 || !ORIGIN.matcher(origins.get(i)).matches()) {
        reader.error(
            "allowOrigins",
            i,
            '"' + origins.get(i) + '"',
            "'*', or http:// or https:// and a host, '*.' in front allowed");
      }
    }
    Fields.each(reader, "allowOrigins", origins);
    List<String> methods = reader.strings("allowMethods");
    Fields.size(reader, "allowMethods", 0, 9);
    for (int i = 0; i < methods.size(); i++) {
      if (!METHODS.contains(methods.get(i))) {
        reader.error(
            "allowMethods", i, '"' + methods.get(i) + '"', "one of " + String.join(", ", METHODS));
      }
    }
    Fields.each(reader, "allowMethods", methods);
    List<String> headers = Fields.tokens(reader, "allowHeaders", 64);
    alone(reader, "allowOrigins", origins);
    alone(reader, "allowMethods", methods);
    alone(reader, "allowHeaders", headers);
    return new Cors(
        origins,
        reader.bool("allowCredentials"),
        methods,
        headers,
        Fields.tokens(reader, "exposeHeaders", 64),
        reader.integer("maxAge", 1, Integer.MAX_VALUE));
  }

  private static void alone(ObjectReader reader, String field, List<String> values) {
    if (values.size() > 1 && values.contains("*")) {
      reader.error(field, "'*' beside others", "'*' alone, or none");
    }
  }

  private static final Pattern AUTH_PATH =
      Pattern.compile("([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+");

  private static HttpFilter externalAuth(ObjectReader reader) {
    Fields.require(reader, "protocol", "HTTP or GRPC");
    String protocol = Fields.word(reader, "protocol", List.of("HTTP", "GRPC")).orElse("");
    reader.object(
        "grpc",
        grpc -> {
          headerNames(grpc, "allowedHeaders");
          return protocol;
        });
    reader.object(
        "http",
        http -> {
          headerNames(http, "allowedHeaders");
          headerNames(http, "allowedResponseHeaders");
          Fields.text(http, "path", 1024, AUTH_PATH, "a path");
          return protocol;
        });
    reader.object("forwardBody", body -> body.integer("maxSize", 0, Integer.MAX_VALUE));
    for (String one : List.of("HTTP", "GRPC")) {
      String field = one.toLowerCase(Locale.ROOT);
      if (one.equals(protocol)) {
        Fields.require(reader, field, "the settings of protocol " + one);
      } else if (reader.has(field)) {
        reader.error(field, "a " + field, "protocol " + one);
      }
    }
    return new HttpFilter.ExternalAuth(RouteParser.requiredBackendRef(reader));
  }

  private static void headerNames(ObjectReader reader, String field) {
    List<String> names = new ArrayList<>(reader.strings(field));
    Fields.size(reader, field, 0, 64);
    Fields.each(reader, field, names);
  }
}
