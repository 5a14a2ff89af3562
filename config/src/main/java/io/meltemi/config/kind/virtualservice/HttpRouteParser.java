package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.kind.virtualservice.HttpAction.Body;
import io.meltemi.config.kind.virtualservice.HttpAction.Delegate;
import io.meltemi.config.kind.virtualservice.HttpAction.DirectResponse;
import io.meltemi.config.kind.virtualservice.HttpAction.Forward;
import io.meltemi.config.kind.virtualservice.HttpAction.Redirect;
import io.meltemi.config.kind.virtualservice.HttpAction.RedirectPath;
import io.meltemi.config.kind.virtualservice.HttpAction.RedirectPort;
import io.meltemi.config.kind.virtualservice.HttpAction.WeightedDestination;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Destination;
import io.meltemi.config.traffic.DestinationParser;
import io.meltemi.config.traffic.HttpRetryParser;
import io.meltemi.config.traffic.StringMatchParser;
import io.meltemi.config.yaml.ObjectReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads {@code http[]}. */
final class HttpRouteParser {
  private static final int BODY_BYTES_MAX = 1 << 20;
  private static final int BODY_BYTES_WARN = 100 << 10;
  private static final Destination NO_DESTINATION = new Destination("", "", OptionalInt.empty());

  private final boolean inDelegate;
  private final HttpMatchParser matches;

  /**
   * Made per virtual service.
   *
   * @param inDelegate the virtual service is a delegate
   * @param gatewayBound some gateway takes the route
   */
  HttpRouteParser(boolean inDelegate, boolean gatewayBound) {
    this.inDelegate = inDelegate;
    this.matches = new HttpMatchParser(gatewayBound || inDelegate);
  }

  HttpRoute parse(ObjectReader reader) {
    String name = reader.string("name");
    List<HttpMatch> match = reader.objects("match", matches::parse);
    List<WeightedDestination> route = reader.objects("route", HttpRouteParser::weighted);
    Optional<Redirect> redirect = reader.object("redirect", r -> redirect(r, match));
    Optional<DirectResponse> direct =
        reader.object("directResponse", HttpRouteParser::directResponse);
    Optional<Delegate> delegate = reader.object("delegate", r -> delegate(r, direct));
    HttpRoute.Policy policy = policy(reader);
    DestinationParser.checkWeights(
        reader, "route", route.stream().map(WeightedDestination::weight).toList());
    checkAuthority(reader, policy, route);
    checkExclusive(reader, delegate.isPresent());
    HttpAction action = new Forward(route);
    if (delegate.isPresent()) {
      action = delegate.get();
    } else if (redirect.isPresent()) {
      action = redirect.get();
    } else if (direct.isPresent()) {
      action = direct.get();
    }
    return new HttpRoute(name, match, action, policy);
  }

  private void checkExclusive(ObjectReader reader, boolean delegate) {
    boolean route = reader.size("route") > 0;
    boolean redirect = reader.has("redirect");
    boolean direct = reader.has("directResponse");
    if (delegate) {
      if (inDelegate) {
        reader.error("delegate", "a delegate in a delegate", "one level of delegation");
      }
      if (route) {
        reader.error("route", "route beside delegate", "only one of the two");
      }
      if (redirect) {
        reader.error("redirect", "redirect beside delegate", "only one of the two");
      }
      return;
    }
    if (redirect) {
      exclude(reader, "redirect", "route", "fault", "rewrite", "directResponse");
    } else if (direct) {
      exclude(reader, "directResponse", "route", "fault", "rewrite");
    } else if (!route) {
      reader.error("", "no action", "route, redirect, directResponse or delegate");
    }
  }

  private static void exclude(ObjectReader reader, String field, String... others) {
    for (String other : others) {
      if (other.equals("route") ? reader.size("route") > 0 : reader.has(other)) {
        reader.error(other, other + " beside " + field, "only one of the two");
      }
    }
  }

  private static void checkAuthority(
      ObjectReader reader, HttpRoute.Policy policy, List<WeightedDestination> route) {
    int common = HeaderOperationsParser.authorityChanges(policy.headers());
    if (policy.rewrite().isPresent() && !policy.rewrite().get().authority().isEmpty()) {
      common++;
    }
    int most = common;
    for (WeightedDestination destination : route) {
      most =
          Math.max(most, common + HeaderOperationsParser.authorityChanges(destination.headers()));
    }
    if (most > 1) {
      reader.error(
          "",
          "the host changed in " + most + " places",
          "one of rewrite.authority, headers.request.set and headers.request.add");
    }
  }

  private static WeightedDestination weighted(ObjectReader reader) {
    reader.require("destination", "an object with host");
    return new WeightedDestination(
        reader.object("destination", DestinationParser::parse).orElse(NO_DESTINATION),
        reader.count("weight").orElse(0),
        headers(reader));
  }

  private static HeaderOperations headers(ObjectReader reader) {
    return reader.object("headers", HeaderOperationsParser::parse).orElse(HeaderOperations.NONE);
  }

  private static HttpRoute.Policy policy(ObjectReader reader) {
    return new HttpRoute.Policy(
        reader.object("rewrite", HttpRouteParser::rewrite),
        reader.durationMillis("timeout"),
        reader.object("retries", HttpRetryParser::parse),
        reader.object("fault", HttpFaultParser::parse),
        mirrors(reader),
        reader.object("corsPolicy", CorsPolicyParser::parse),
        headers(reader));
  }

  private static List<HttpRoute.Mirror> mirrors(ObjectReader reader) {
    Optional<Destination> mirror = reader.object("mirror", DestinationParser::parse);
    Optional<Double> percentage = DestinationParser.percent(reader, "mirrorPercentage");
    OptionalInt percent = reader.integer("mirrorPercent", 0, 100);
    List<HttpRoute.Mirror> mirrors =
        new ArrayList<>(reader.objects("mirrors", HttpRouteParser::mirror));
    if (percent.isPresent()) {
      reader.warn(
          "mirrorPercent", reader.written("mirrorPercent"), "mirrorPercentage; this is deprecated");
    }
    if (mirror.isPresent()) {
      if (!mirrors.isEmpty()) {
        reader.error("mirrors", "mirrors beside mirror", "only one of the two");
      }
      double share = percentage.orElse(percent.isPresent() ? (double) percent.getAsInt() : 100.0);
      mirrors.add(new HttpRoute.Mirror(mirror.get(), share));
    }
    return mirrors;
  }

  private static HttpRoute.Mirror mirror(ObjectReader reader) {
    reader.require("destination", "an object with host");
    return new HttpRoute.Mirror(
        reader.object("destination", DestinationParser::parse).orElse(NO_DESTINATION),
        DestinationParser.percent(reader, "percentage").orElse(100.0));
  }

  private static HttpRewrite rewrite(ObjectReader reader) {
    Optional<String> uri = reader.optionalString("uri");
    String authority = reader.string("authority");
    Optional<HttpRewrite.RegexRewrite> regex =
        reader.object("uriRegexRewrite", HttpRouteParser::regexRewrite);
    if (uri.isPresent() && regex.isPresent()) {
      reader.error("uriRegexRewrite", "uriRegexRewrite beside uri", "only one of the two");
    }
    if (uri.isEmpty() && regex.isEmpty() && authority.isEmpty()) {
      reader.error("", "nothing set", "uri, uriRegexRewrite or authority");
    }
    return new HttpRewrite(uri, regex, authority);
  }

  private static HttpRewrite.RegexRewrite regexRewrite(ObjectReader reader) {
    String match = reader.string("match");
    String rewrite = reader.string("rewrite");
    if (match.isEmpty()) {
      reader.error("match", "nothing", "a regular expression");
    } else {
      StringMatchParser.checkRegex(reader, "match", match);
    }
    if (rewrite.isEmpty()) {
      reader.error("rewrite", "nothing", "a replacement, such as /new/\\1");
    }
    return new HttpRewrite.RegexRewrite(match, rewrite);
  }

  private static Redirect redirect(ObjectReader reader, List<HttpMatch> match) {
    Optional<String> uri = reader.optionalString("uri").filter(text -> !text.isEmpty());
    Optional<String> prefix =
        reader.optionalString("prefixRewrite").filter(text -> !text.isEmpty());
    String authority = reader.string("authority");
    String scheme = reader.string("scheme").toLowerCase(Locale.ROOT);
    RedirectPort port = redirectPort(reader);
    int code = reader.integer("redirectCode", 300, 399).orElse(301);
    if (uri.isPresent() && prefix.isPresent()) {
      reader.error("prefixRewrite", "prefixRewrite beside uri", "only one of the two");
    }
    if (prefix.isPresent() && !HttpMatchParser.allPrefixes(match)) {
      reader.error(
          "prefixRewrite",
          reader.written("prefixRewrite"),
          "uri.prefix in every match of the route");
    }
    if (!scheme.isEmpty() && !scheme.equals("http") && !scheme.equals("https")) {
      reader.error("scheme", '"' + scheme + '"', "http or https");
    }
    if (uri.isEmpty()
        && prefix.isEmpty()
        && authority.isEmpty()
        && scheme.isEmpty()
        && port instanceof RedirectPort.Keep) {
      reader.error("", "nothing set", "uri, prefixRewrite, authority, port, derivePort or scheme");
    }
    RedirectPath path =
        uri.<RedirectPath>map(RedirectPath.Replace::new)
            .or(() -> prefix.map(RedirectPath.ReplacePrefix::new))
            .orElseGet(RedirectPath.Keep::new);
    return new Redirect(path, authority, port, scheme, code);
  }

  private enum DerivePort {
    FROM_PROTOCOL_DEFAULT,
    FROM_REQUEST_PORT
  }

  private static RedirectPort redirectPort(ObjectReader reader) {
    OptionalInt port = reader.integer("port", 1, 65535);
    Optional<DerivePort> derive = reader.enumeration("derivePort", DerivePort.class);
    if (port.isPresent() && derive.isPresent()) {
      reader.error("derivePort", "derivePort beside port", "only one of the two");
    }
    if (port.isPresent()) {
      return new RedirectPort.Explicit(port.getAsInt());
    }
    if (derive.isEmpty()) {
      return new RedirectPort.Keep();
    }
    return switch (derive.get()) {
      case FROM_PROTOCOL_DEFAULT -> new RedirectPort.FromProtocolDefault();
      case FROM_REQUEST_PORT -> new RedirectPort.FromRequestPort();
    };
  }

  private static DirectResponse directResponse(ObjectReader reader) {
    reader.require("status", "a status from 200 to 599");
    int status = reader.integer("status", 200, 599).orElse(200);
    Body body = reader.object("body", HttpRouteParser::body).orElseGet(Body.Empty::new);
    return new DirectResponse(status, body);
  }

  private static Body body(ObjectReader reader) {
    Optional<String> text = reader.optionalString("string");
    Optional<String> encoded = reader.optionalString("bytes");
    if (text.isPresent() == encoded.isPresent()) {
      reader.error("", text.isPresent() ? "string and bytes" : "nothing set", "string or bytes");
    }
    if (text.isPresent()) {
      checkSize(reader, "string", text.get().getBytes(StandardCharsets.UTF_8).length);
      return new Body.Text(text.get());
    }
    if (encoded.isPresent()) {
      try {
        // proto JSON takes both alphabets; a long text may be folded
        String text64 = encoded.get().replaceAll("\\s", "").replace('-', '+').replace('_', '/');
        byte[] bytes = Base64.getDecoder().decode(text64);
        checkSize(reader, "bytes", bytes.length);
        return new Body.Bytes(bytes);
      } catch (IllegalArgumentException _) {
        reader.error("bytes", reader.written("bytes"), "base64");
      }
    }
    return new Body.Empty();
  }

  private static void checkSize(ObjectReader reader, String field, int length) {
    if (length > BODY_BYTES_MAX) {
      reader.error(field, length + " bytes", "at most " + BODY_BYTES_MAX + " bytes");
    } else if (length > BODY_BYTES_WARN) {
      reader.warn(field, length + " bytes", "a smaller body; every proxy holds a copy");
    }
  }

  private static Delegate delegate(ObjectReader reader, Optional<DirectResponse> inherited) {
    String name = reader.string("name");
    String namespace = reader.string("namespace");
    if (!Names.isDnsSubdomain(name)) {
      reader.error(
          "name", name.isEmpty() ? "nothing" : '"' + name + '"', "the name of a virtual service");
    }
    if (!namespace.isEmpty() && !Names.isDnsLabel(namespace)) {
      reader.error("namespace", '"' + namespace + '"', "the name of a namespace");
    }
    return new Delegate(name, namespace, inherited);
  }
}
