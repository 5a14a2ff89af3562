package io.meltemi.proxy.rbac;

import com.github.xds.type.matcher.v3.Matcher;
import com.google.api.expr.v1alpha1.Expr;
import com.google.protobuf.Any;
import com.google.protobuf.TextFormat;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.rbac.v3.MetadataSource;
import io.envoyproxy.envoy.config.rbac.v3.Permission;
import io.envoyproxy.envoy.config.rbac.v3.Principal;
import io.envoyproxy.envoy.config.rbac.v3.RBAC;
import io.envoyproxy.envoy.config.rbac.v3.SourcedMetadata;
import io.envoyproxy.envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig;
import io.envoyproxy.envoy.type.matcher.v3.DoubleMatcher;
import io.envoyproxy.envoy.type.matcher.v3.FilterStateMatcher;
import io.envoyproxy.envoy.type.matcher.v3.ListMatcher;
import io.envoyproxy.envoy.type.matcher.v3.MetadataMatcher;
import io.envoyproxy.envoy.type.matcher.v3.PathMatcher;
import io.envoyproxy.envoy.type.matcher.v3.ValueMatcher;
import io.envoyproxy.envoy.type.v3.DoubleRange;
import io.envoyproxy.envoy.type.v3.Int32Range;
import io.meltemi.proxy.cel.BadExpressionException;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.AddressParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * Policies from protos. Audit loggers and matcher extensions are refused; of path templates the
 * published one is known.
 */
public final class RbacParser {
  private static final SupportedFields RULES = SupportedFields.of(RBAC.class, "action", "policies");
  private static final SupportedFields POLICY =
      SupportedFields.of(
          io.envoyproxy.envoy.config.rbac.v3.Policy.class,
          "permissions",
          "principals",
          "condition",
          "checked_condition");
  private static final SupportedFields PERMISSION =
      SupportedFields.of(
          Permission.class,
          "and_rules",
          "or_rules",
          "any",
          "header",
          "url_path",
          "destination_ip",
          "destination_port",
          "destination_port_range",
          "metadata",
          "not_rule",
          "requested_server_name",
          "uri_template",
          "sourced_metadata");
  private static final SupportedFields PRINCIPAL =
      SupportedFields.of(
          Principal.class,
          "and_ids",
          "or_ids",
          "any",
          "authenticated",
          "source_ip",
          "direct_remote_ip",
          "remote_ip",
          "header",
          "url_path",
          "metadata",
          "filter_state",
          "not_id",
          "sourced_metadata");
  private static final SupportedFields RULE_SET = SupportedFields.of(Permission.Set.class, "rules");
  private static final SupportedFields ID_SET = SupportedFields.of(Principal.Set.class, "ids");
  private static final SupportedFields AUTHENTICATED =
      SupportedFields.of(Principal.Authenticated.class, "principal_name");
  private static final SupportedFields PATH = SupportedFields.of(PathMatcher.class, "path");
  private static final SupportedFields PORT_RANGE =
      SupportedFields.of(Int32Range.class, "start", "end");
  private static final SupportedFields EXTENSION =
      SupportedFields.of(TypedExtensionConfig.class, "name", "typed_config");
  private static final SupportedFields TEMPLATE =
      SupportedFields.of(UriTemplateMatchConfig.class, "path_template");
  private static final SupportedFields FILTER_STATE =
      SupportedFields.of(FilterStateMatcher.class, "key", "string_match");
  private static final SupportedFields METADATA =
      SupportedFields.of(MetadataMatcher.class, "filter", "path", "value", "invert");
  private static final SupportedFields SEGMENT =
      SupportedFields.of(MetadataMatcher.PathSegment.class, "key");
  private static final SupportedFields SOURCED =
      SupportedFields.of(SourcedMetadata.class, "metadata_matcher", "metadata_source");
  private static final SupportedFields VALUE =
      SupportedFields.of(
          ValueMatcher.class,
          "null_match",
          "double_match",
          "string_match",
          "bool_match",
          "present_match",
          "list_match",
          "or_match");
  private static final SupportedFields DOUBLE =
      SupportedFields.of(DoubleMatcher.class, "range", "exact");
  private static final SupportedFields DOUBLE_RANGE =
      SupportedFields.of(DoubleRange.class, "start", "end");
  private static final SupportedFields LIST = SupportedFields.of(ListMatcher.class, "one_of");
  private static final SupportedFields OR =
      SupportedFields.of(io.envoyproxy.envoy.type.matcher.v3.OrMatcher.class, "value_matchers");
  private static final String TEMPLATE_TYPE =
      "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";
  private static final int PORT_END_MAX = 65536;

  private RbacParser() {}

  /** Rules, a tree of questions, or neither. */
  public record Source(Optional<RBAC> rules, Optional<Matcher> matcher) {}

  /** The rules of a filter; what is bad is an error in the scope. */
  public static RbacRules rules(
      Source enforced, Source shadow, CelExpressions expressions, ParseScope scope) {
    return new RbacRules(
        engine(enforced, "", expressions, scope), engine(shadow, "shadow_", expressions, scope));
  }

  private static Optional<AccessEngine> engine(
      Source source, String prefix, CelExpressions expressions, ParseScope scope) {
    if (source.matcher().isEmpty()) {
      return source.rules().map(rules -> parse(rules, expressions, scope.field(prefix + "rules")));
    }
    if (source.rules().isPresent()) {
      scope.field(prefix + "rules").warn("set", "nothing: " + prefix + "matcher counts alone");
    }
    return source.matcher().map(proto -> parse(proto, scope.field(prefix + "matcher")));
  }

  /** A tree of questions; what is bad is an error in the scope. */
  static AccessEngine parse(Matcher proto, ParseScope scope) {
    return RbacMatcherParser.parse(proto, scope);
  }

  /** An engine; what is bad is an error in the scope. */
  public static RbacEngine parse(RBAC proto, CelExpressions expressions, ParseScope scope) {
    return new RbacEngine(action(proto, scope), policies(proto, expressions, scope));
  }

  static List<RbacEngine.Policy> policies(
      RBAC proto, CelExpressions expressions, ParseScope scope) {
    RULES.check(proto, scope);
    List<RbacEngine.Policy> policies = new ArrayList<>(proto.getPoliciesCount());
    proto.getPoliciesMap().entrySet().stream()
        .sorted((a, b) -> compareBytes(a.getKey(), b.getKey()))
        .forEach(
            entry ->
                policies.add(
                    new RbacEngine.Policy(
                        entry.getKey(),
                        policy(
                            entry.getValue(),
                            expressions,
                            scope.field("policies", entry.getKey())))));
    return policies;
  }

  private static int compareBytes(String a, String b) {
    return Arrays.compareUnsigned(
        a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
  }

  private static RbacEngine.Action action(RBAC proto, ParseScope scope) {
    return switch (proto.getAction()) {
      case ALLOW -> RbacEngine.Action.ALLOW;
      case DENY -> RbacEngine.Action.DENY;
      case LOG -> RbacEngine.Action.LOG;
      case UNRECOGNIZED -> {
        scope.field("action").error(String.valueOf(proto.getActionValue()), "ALLOW, DENY or LOG");
        yield RbacEngine.Action.ALLOW;
      }
    };
  }

  private static Condition policy(
      io.envoyproxy.envoy.config.rbac.v3.Policy proto,
      CelExpressions expressions,
      ParseScope scope) {
    POLICY.check(proto, scope);
    List<Condition> permissions =
        each(proto.getPermissionsList(), scope, "permissions", RbacParser::permission);
    List<Condition> principals =
        each(proto.getPrincipalsList(), scope, "principals", RbacParser::principal);
    List<Condition> asked = new ArrayList<>();
    asked.add(new Condition.Any(permissions));
    asked.add(new Condition.Any(principals));
    if (proto.hasCondition() && proto.hasCheckedCondition()) {
      scope.field("condition").error("set", "not with checked_condition");
    }
    if (proto.hasCondition()) {
      asked.add(expression(proto.getCondition(), expressions, scope.field("condition")));
    }
    if (proto.hasCheckedCondition()) {
      asked.add(
          expression(
              proto.getCheckedCondition().getExpr(),
              expressions,
              scope.field("checked_condition").field("expr")));
    }
    return new Condition.All(asked);
  }

  private static Condition expression(Expr proto, CelExpressions expressions, ParseScope scope) {
    try {
      return new Condition.Expression(expressions.of(proto));
    } catch (BadExpressionException e) {
      scope.error(TextFormat.printer().emittingSingleLine(true).printToString(proto), e.expected());
      return bad();
    }
  }

  private static <P> List<Condition> each(
      List<P> protos, ParseScope scope, String field, BiFunction<P, ParseScope, Condition> parser) {
    if (protos.isEmpty()) {
      scope.field(field).error("none", "at least one");
    }
    List<Condition> conditions = new ArrayList<>(protos.size());
    for (int i = 0; i < protos.size(); i++) {
      conditions.add(parser.apply(protos.get(i), scope.field(field, i)));
    }
    return conditions;
  }

  /** Stands for what could not be parsed, which is an error already. */
  private static Condition bad() {
    return new Condition.Constant(false);
  }

  // the deprecated members still come from older control planes
  @SuppressWarnings("deprecation")
  private static Condition permission(Permission proto, ParseScope scope) {
    PERMISSION.check(proto, scope);
    return switch (proto.getRuleCase()) {
      case AND_RULES -> {
        ParseScope at = scope.field("and_rules");
        RULE_SET.check(proto.getAndRules(), at);
        yield new Condition.All(
            each(proto.getAndRules().getRulesList(), at, "rules", RbacParser::permission));
      }
      case OR_RULES -> {
        ParseScope at = scope.field("or_rules");
        RULE_SET.check(proto.getOrRules(), at);
        yield new Condition.Any(
            each(proto.getOrRules().getRulesList(), at, "rules", RbacParser::permission));
      }
      case ANY -> any(proto.getAny(), scope.field("any"));
      case HEADER -> header(proto.getHeader(), scope.field("header"));
      case URL_PATH -> path(proto.getUrlPath(), scope.field("url_path"));
      case DESTINATION_IP ->
          range(Condition.Address.LOCAL, proto.getDestinationIp(), scope.field("destination_ip"));
      case DESTINATION_PORT -> port(proto.getDestinationPort(), scope.field("destination_port"));
      case DESTINATION_PORT_RANGE ->
          ports(proto.getDestinationPortRange(), scope.field("destination_port_range"));
      case METADATA -> metadata(proto.getMetadata(), false, scope.field("metadata"));
      case SOURCED_METADATA ->
          metadata(proto.getSourcedMetadata(), scope.field("sourced_metadata"));
      case NOT_RULE -> new Condition.Not(permission(proto.getNotRule(), scope.field("not_rule")));
      case REQUESTED_SERVER_NAME ->
          text(
              new Subject.ServerName(),
              proto.getRequestedServerName(),
              scope.field("requested_server_name"));
      case URI_TEMPLATE -> template(proto.getUriTemplate(), scope.field("uri_template"));
      // reported by the check above
      case MATCHER -> bad();
      case RULE_NOT_SET -> {
        scope.error("no rule", "one rule");
        yield bad();
      }
    };
  }

  // the deprecated members still come from older control planes
  @SuppressWarnings("deprecation")
  private static Condition principal(Principal proto, ParseScope scope) {
    PRINCIPAL.check(proto, scope);
    return switch (proto.getIdentifierCase()) {
      case AND_IDS -> {
        ParseScope at = scope.field("and_ids");
        ID_SET.check(proto.getAndIds(), at);
        yield new Condition.All(
            each(proto.getAndIds().getIdsList(), at, "ids", RbacParser::principal));
      }
      case OR_IDS -> {
        ParseScope at = scope.field("or_ids");
        ID_SET.check(proto.getOrIds(), at);
        yield new Condition.Any(
            each(proto.getOrIds().getIdsList(), at, "ids", RbacParser::principal));
      }
      case ANY -> any(proto.getAny(), scope.field("any"));
      case AUTHENTICATED -> {
        ParseScope at = scope.field("authenticated");
        AUTHENTICATED.check(proto.getAuthenticated(), at);
        yield proto.getAuthenticated().hasPrincipalName()
            ? text(
                new Subject.Principal(),
                proto.getAuthenticated().getPrincipalName(),
                at.field("principal_name"))
            : new Condition.Authenticated();
      }
      case SOURCE_IP ->
          range(Condition.Address.CONNECTION_REMOTE, proto.getSourceIp(), scope.field("source_ip"));
      case DIRECT_REMOTE_IP ->
          range(
              Condition.Address.DIRECT_REMOTE,
              proto.getDirectRemoteIp(),
              scope.field("direct_remote_ip"));
      case REMOTE_IP ->
          range(Condition.Address.REMOTE, proto.getRemoteIp(), scope.field("remote_ip"));
      case HEADER -> header(proto.getHeader(), scope.field("header"));
      case URL_PATH -> path(proto.getUrlPath(), scope.field("url_path"));
      case METADATA -> metadata(proto.getMetadata(), false, scope.field("metadata"));
      case SOURCED_METADATA ->
          metadata(proto.getSourcedMetadata(), scope.field("sourced_metadata"));
      case FILTER_STATE -> filterState(proto.getFilterState(), scope.field("filter_state"));
      case NOT_ID -> new Condition.Not(principal(proto.getNotId(), scope.field("not_id")));
      // reported by the check above
      case CUSTOM -> bad();
      case IDENTIFIER_NOT_SET -> {
        scope.error("no identifier", "one identifier");
        yield bad();
      }
    };
  }

  private static Condition any(boolean value, ParseScope scope) {
    if (!value) {
      scope.error("false", "true");
    }
    return new Condition.Constant(true);
  }

  private static Condition text(
      Subject subject, io.envoyproxy.envoy.type.matcher.v3.StringMatcher proto, ParseScope scope) {
    return StringMatcherParser.parse(proto, scope)
        .map(matcher -> text(subject, matcher))
        .orElseGet(RbacParser::bad);
  }

  private static Condition text(Subject subject, StringMatcher matcher) {
    return new Condition.Text(subject, new TextTest.One(matcher));
  }

  private static Condition path(PathMatcher proto, ParseScope scope) {
    PATH.check(proto, scope);
    if (!proto.hasPath()) {
      scope.error("no path", "path");
      return bad();
    }
    return text(new Subject.Path(), proto.getPath(), scope.field("path"));
  }

  private static Condition header(
      io.envoyproxy.envoy.config.route.v3.HeaderMatcher proto, ParseScope scope) {
    return HeaderMatcherParser.parse(proto, scope)
        .map(RbacParser::header)
        .orElseGet(RbacParser::bad);
  }

  private static Condition header(HeaderMatcher matcher) {
    if (!matcher.invert() && matcher.test() instanceof HeaderMatcher.Test.Value(var value)) {
      return text(new Subject.Header(matcher.name(), matcher.missingIsEmpty()), value);
    }
    return new Condition.Header(matcher);
  }

  private static Condition range(Condition.Address address, CidrRange proto, ParseScope scope) {
    return AddressParser.prefix(proto, scope)
        .<Condition>map(
            prefix ->
                new Condition.InRange(
                    address, IpRange.of(prefix, AddressParser.prefixLength(proto))))
        .orElseGet(RbacParser::bad);
  }

  private static Condition port(int port, ParseScope scope) {
    if (port < 0 || port >= PORT_END_MAX) {
      scope.error(Integer.toUnsignedString(port), "0 to 65535");
      return bad();
    }
    return new Condition.Port(port, port + 1);
  }

  private static Condition ports(Int32Range proto, ParseScope scope) {
    PORT_RANGE.check(proto, scope);
    if (proto.getStart() < 0
        || proto.getEnd() > PORT_END_MAX
        || proto.getStart() >= proto.getEnd()) {
      scope.error(
          proto.getStart() + " to " + proto.getEnd(),
          "a start of 0 or more that is less than the end, which is at most 65536");
      return bad();
    }
    return new Condition.Port(proto.getStart(), proto.getEnd());
  }

  private static Condition template(TypedExtensionConfig proto, ParseScope scope) {
    EXTENSION.check(proto, scope);
    Any config = proto.getTypedConfig();
    ParseScope at = scope.field("typed_config");
    if (!config.getTypeUrl().equals(TEMPLATE_TYPE)) {
      at.unsupported(proto.getName() + " " + config.getTypeUrl());
      return bad();
    }
    Optional<UriTemplateMatchConfig> template =
        at.unpack(config, UriTemplateMatchConfig.class, TEMPLATE);
    if (template.isEmpty()) {
      return bad();
    }
    return PathTemplate.parse(template.get().getPathTemplate(), at.field("path_template"))
        .map(pattern -> text(new Subject.Path(), new StringMatcher.SafeRegex(pattern)))
        .orElseGet(RbacParser::bad);
  }

  private static Condition filterState(FilterStateMatcher proto, ParseScope scope) {
    FILTER_STATE.check(proto, scope);
    if (proto.getKey().isEmpty()) {
      scope.field("key").error("\"\"", "a key");
    }
    return switch (proto.getMatcherCase()) {
      case STRING_MATCH ->
          text(
              new Subject.FilterState(proto.getKey()),
              proto.getStringMatch(),
              scope.field("string_match"));
      // reported by the check above
      case ADDRESS_MATCH -> bad();
      case MATCHER_NOT_SET -> {
        scope.error("no matcher", "string_match");
        yield bad();
      }
    };
  }

  private static Condition metadata(SourcedMetadata proto, ParseScope scope) {
    SOURCED.check(proto, scope);
    if (proto.getMetadataSource() == MetadataSource.UNRECOGNIZED) {
      scope
          .field("metadata_source")
          .error(String.valueOf(proto.getMetadataSourceValue()), "DYNAMIC or ROUTE");
    }
    return metadata(
        proto.getMetadataMatcher(),
        proto.getMetadataSource() == MetadataSource.ROUTE,
        scope.field("metadata_matcher"));
  }

  private static Condition metadata(MetadataMatcher proto, boolean ofRoute, ParseScope scope) {
    METADATA.check(proto, scope);
    if (proto.getFilter().isEmpty()) {
      scope.field("filter").error("\"\"", "a namespace");
    }
    if (proto.getPathCount() == 0) {
      scope.field("path").error("none", "at least one key");
      return bad();
    }
    List<String> path = new ArrayList<>(proto.getPathCount());
    for (int i = 0; i < proto.getPathCount(); i++) {
      SEGMENT.check(proto.getPath(i), scope.field("path", i));
      if (proto.getPath(i).getKey().isEmpty()) {
        scope.field("path", i).field("key").error("\"\"", "a key");
      }
      path.add(proto.getPath(i).getKey());
    }
    MetadataPath at = new MetadataPath(ofRoute, proto.getFilter(), path);
    return value(proto.getValue(), scope.field("value"))
        .map(test -> metadata(at, test, proto.getInvert()))
        .orElseGet(RbacParser::bad);
  }

  /** What asks for a text only is told as such, so that many can be one set. */
  private static Condition metadata(MetadataPath at, ValueTest test, boolean invert) {
    if (!invert) {
      if (test instanceof ValueTest.Text(TextTest text)) {
        return new Condition.Text(new Subject.MetadataText(at, true, false), text);
      }
      if (test instanceof ValueTest.AnyElement(ValueTest.Text(TextTest text))) {
        return new Condition.Text(new Subject.MetadataText(at, false, true), text);
      }
      if (test instanceof ValueTest.Any(List<ValueTest> tests)) {
        return new Condition.Any(tests.stream().map(one -> metadata(at, one, false)).toList());
      }
    }
    return new Condition.Value(at, test, invert);
  }

  static Optional<ValueTest> value(ValueMatcher proto, ParseScope scope) {
    VALUE.check(proto, scope);
    return switch (proto.getMatchPatternCase()) {
      case NULL_MATCH -> Optional.of(new ValueTest.Null());
      case DOUBLE_MATCH -> number(proto.getDoubleMatch(), scope.field("double_match"));
      case STRING_MATCH ->
          StringMatcherParser.parse(proto.getStringMatch(), scope.field("string_match"))
              .map(matcher -> new ValueTest.Text(new TextTest.One(matcher)));
      case BOOL_MATCH -> Optional.of(new ValueTest.Bool(proto.getBoolMatch()));
      case PRESENT_MATCH -> Optional.of(new ValueTest.Present(proto.getPresentMatch()));
      case LIST_MATCH -> {
        ParseScope at = scope.field("list_match");
        LIST.check(proto.getListMatch(), at);
        if (!proto.getListMatch().hasOneOf()) {
          at.error("no matcher", "one_of");
          yield Optional.empty();
        }
        yield value(proto.getListMatch().getOneOf(), at.field("one_of"))
            .map(ValueTest.AnyElement::new);
      }
      case OR_MATCH -> {
        ParseScope at = scope.field("or_match");
        OR.check(proto.getOrMatch(), at);
        List<ValueTest> tests = new ArrayList<>();
        for (int i = 0; i < proto.getOrMatch().getValueMatchersCount(); i++) {
          value(proto.getOrMatch().getValueMatchers(i), at.field("value_matchers", i))
              .ifPresent(tests::add);
        }
        if (proto.getOrMatch().getValueMatchersCount() < 2) {
          at.field("value_matchers").error("fewer than 2", "2 or more");
        }
        yield Optional.of(new ValueTest.Any(tests));
      }
      case MATCHPATTERN_NOT_SET -> {
        scope.error("no matcher", "one matcher");
        yield Optional.empty();
      }
    };
  }

  private static Optional<ValueTest> number(DoubleMatcher proto, ParseScope scope) {
    DOUBLE.check(proto, scope);
    return switch (proto.getMatchPatternCase()) {
      case RANGE -> {
        DOUBLE_RANGE.check(proto.getRange(), scope.field("range"));
        yield Optional.of(
            new ValueTest.NumberRange(proto.getRange().getStart(), proto.getRange().getEnd()));
      }
      case EXACT -> Optional.of(new ValueTest.ExactNumber(proto.getExact()));
      case MATCHPATTERN_NOT_SET -> {
        scope.error("no matcher", "range or exact");
        yield Optional.empty();
      }
    };
  }
}
