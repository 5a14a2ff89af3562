package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.kind.gatewayapi.GrpcRoute.Match;
import io.meltemi.config.kind.gatewayapi.GrpcRoute.Method;
import io.meltemi.config.kind.gatewayapi.GrpcRoute.Rule;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads GRPCRoute. */
public final class GrpcRouteParser {
  private static final Pattern SERVICE =
      Pattern.compile("\\.?[A-Za-z_][A-Za-z_0-9]*(\\.[A-Za-z_][A-Za-z_0-9]*)*");
  private static final Pattern METHOD = Pattern.compile("[A-Za-z_][A-Za-z_0-9]*");

  private GrpcRouteParser() {}

  public static GrpcRoute parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with parentRefs and rules");
    return document
        .object("spec", GrpcRouteParser::spec)
        .orElseGet(() -> new GrpcRoute(List.of(), List.of(), List.of()));
  }

  private static GrpcRoute spec(ObjectReader spec) {
    List<Rule> rules =
        RouteParser.rules(spec, 0, RouteParser.RULES_MAX, GrpcRouteParser::rule, Rule::name);
    RouteParser.checkMatchCount(spec, rules.stream().mapToInt(r -> r.matches().size()).sum());
    return new GrpcRoute(
        RouteParser.parentRefs(spec), Fields.hostnames(spec, "hostnames", 16), rules);
  }

  private static Rule rule(ObjectReader reader) {
    List<Match> matches = reader.objects("matches", GrpcRouteParser::match);
    Fields.size(reader, "matches", 0, 64);
    List<Backend> backends =
        reader.objects("backendRefs", r -> RouteParser.backend(r, HttpFilterParser.GRPC));
    Fields.size(reader, "backendRefs", 0, 16);
    return new Rule(
        Fields.sectionName(reader, "name").orElse(""),
        matches,
        HttpFilterParser.GRPC.parseAll(reader),
        backends,
        RouteParser.sessionPersistence(reader));
  }

  private static Match match(ObjectReader reader) {
    return new Match(
        reader.object("method", GrpcRouteParser::method),
        HttpRouteParser.matches(reader, "headers", true, false));
  }

  private static Method method(ObjectReader reader) {
    boolean regex =
        Fields.word(reader, "type", List.of("Exact", "RegularExpression"))
            .orElse("Exact")
            .equals("RegularExpression");
    Optional<String> service = Fields.text(reader, "service", 0, 1024);
    Optional<String> method = Fields.text(reader, "method", 0, 1024);
    if (!reader.has("service") && !reader.has("method")) {
      reader.error("", "neither service nor method", "one of them or both");
    }
    if (!regex) {
      check(reader, "service", service, SERVICE, "a name such as package.Service");
      check(reader, "method", method, METHOD, "the name of a method");
    }
    return new Method(regex, service, method);
  }

  private static void check(
      ObjectReader reader, String field, Optional<String> text, Pattern pattern, String expected) {
    if (text.isPresent() && !pattern.matcher(text.get()).matches()) {
      reader.error(field, '"' + text.get() + '"', expected);
    }
  }
}
