package io.meltemi.proxy.parse;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.UnknownFieldSet;
import io.envoyproxy.envoy.config.common.mutation_rules.v3.HeaderMutation;
import io.envoyproxy.envoy.config.core.v3.RetryPolicy;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig;
import io.envoyproxy.envoy.type.matcher.v3.AddressMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fields that Envoy 1.40 knows and the published classes of its API do not have yet: they arrive as
 * unknown fields, whose numbers and types are facts of the wire. A message of which such a field is
 * read has a companion here, under its own name, with these fields only. What is in no companion
 * stays unknown and is refused by its number. Any thread.
 */
public final class NewerFields {
  /** {@code path_override} of {@code ext_authz.v3.HttpService}. */
  public static final int AUTH_PATH_OVERRIDE = 10;

  /** {@code retry_policy} of {@code ext_authz.v3.HttpService}. */
  public static final int AUTH_RETRY_POLICY = 9;

  /** {@code remote_address_match} of {@code route.v3.RateLimit.Action}. */
  public static final int REMOTE_ADDRESS_MATCH = 13;

  /** {@code shadow_mode} of {@code ratelimit.v3.LocalRateLimitDescriptor}. */
  public static final int SHADOW_MODE = 3;

  /** {@code cookies} of {@code route.v3.RouteMatch}. */
  public static final int COOKIES = 17;

  /** {@code body_format} of {@code route.v3.DirectResponseAction}. */
  public static final int BODY_FORMAT = 3;

  /** {@code hash_policy} of {@code upstreams.http.v3.HttpProtocolOptions}. */
  public static final int HASH_POLICY = 10;

  /** {@code x_ratelimit_option} of {@code route.v3.RateLimit}. */
  public static final int LIMIT_HEADERS = 7;

  /** {@code invert_match} of {@code matcher.v3.AddressMatcher}. */
  public static final int INVERT_ADDRESS = 2;

  /** {@code remove_on_match} of {@code mutation_rules.v3.HeaderMutation}. */
  public static final int REMOVE_ON_MATCH = 3;

  /** {@code response_trailers_mutations} of {@code header_mutation.v3.Mutations}. */
  public static final int RESPONSE_TRAILERS_MUTATIONS = 4;

  /** {@code request_trailers_mutations} of {@code header_mutation.v3.Mutations}. */
  public static final int REQUEST_TRAILERS_MUTATIONS = 5;

  private static final String MUTATION = "envoy.config.common.mutation_rules.v3.HeaderMutation";

  /** The message of {@link #REMOVE_ON_MATCH}; its field 1 is {@code key_matcher}. */
  public static final String REMOVED_NAMES = MUTATION + ".RemoveOnMatch";

  /** {@code slow_start_config} of {@code ClientSideWeightedRoundRobin}. */
  public static final int REPORTS_SLOW_START = 8;

  /** {@code operation} of {@code HttpConnectionManager.Tracing}. */
  public static final int OPERATION = 11;

  /** {@code upstream_operation} of {@code HttpConnectionManager.Tracing}. */
  public static final int UPSTREAM_OPERATION = 12;

  /** {@code no_context_propagation} of {@code HttpConnectionManager.Tracing}. */
  public static final int NO_CONTEXT_PROPAGATION = 13;

  /** {@code operation} of {@code route.v3.Tracing}. */
  public static final int ROUTE_OPERATION = 5;

  /** {@code upstream_operation} of {@code route.v3.Tracing}. */
  public static final int ROUTE_UPSTREAM_OPERATION = 6;

  /** {@code max_cache_size} of {@code trace.v3.OpenTelemetryConfig}. */
  public static final int SPANS_MAX = 6;

  /** {@code trace_context_option} of {@code trace.v3.ZipkinConfig}. */
  public static final int TRACE_CONTEXT_OPTION = 8;

  /** Full name of a message without fields that is newer than its class. */
  public static final String LOCAL_REPLY_INPUT =
      "envoy.type.matcher.v3.HttpResponseLocalReplyMatchInput";

  private static final String TRACE_CONTEXT =
      "envoy.config.trace.v3.ZipkinConfig.TraceContextOption";
  private static final String LIMIT_OPTION = "envoy.config.route.v3.RateLimit.XRateLimitOption";
  private static final String COOKIE = "envoy.config.route.v3.CookieMatcher";
  private static final String ADDRESS_MATCH =
      "envoy.config.route.v3.RateLimit.Action.RemoteAddressMatch";
  private static final String ADDRESS = "envoy.type.matcher.v3.AddressMatcher";
  private static final String ZONE_AWARE =
      "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.ZoneAwareLbConfig";

  /**
   * @param type of a message field: a published message, or one of the companions
   */
  private record Field(
      String name, int number, FieldDescriptorProto.Type kind, String type, boolean repeated) {
    static Field of(String name, int number, FieldDescriptorProto.Type kind) {
      return new Field(name, number, kind, "", false);
    }

    static Field message(String name, int number, String type) {
      return new Field(name, number, FieldDescriptorProto.Type.TYPE_MESSAGE, type, false);
    }
  }

  private static final Map<String, List<Field>> FIELDS =
      Map.ofEntries(
          Map.entry(
              "envoy.extensions.filters.http.ext_authz.v3.HttpService",
              List.of(
                  Field.message(
                      "retry_policy", AUTH_RETRY_POLICY, "envoy.config.core.v3.RetryPolicy"),
                  Field.of(
                      "path_override", AUTH_PATH_OVERRIDE, FieldDescriptorProto.Type.TYPE_STRING))),
          Map.entry(
              "envoy.config.route.v3.RateLimit",
              List.of(
                  new Field(
                      "x_ratelimit_option",
                      LIMIT_HEADERS,
                      FieldDescriptorProto.Type.TYPE_ENUM,
                      LIMIT_OPTION,
                      false))),
          Map.entry(
              "envoy.config.route.v3.RateLimit.Action",
              List.of(Field.message("remote_address_match", REMOTE_ADDRESS_MATCH, ADDRESS_MATCH))),
          Map.entry(
              ADDRESS_MATCH,
              List.of(
                  Field.of("descriptor_value", 1, FieldDescriptorProto.Type.TYPE_STRING),
                  Field.of("descriptor_key", 2, FieldDescriptorProto.Type.TYPE_STRING),
                  Field.of("default_value", 3, FieldDescriptorProto.Type.TYPE_STRING),
                  Field.message("address_matcher", 4, ADDRESS))),
          Map.entry(
              ADDRESS,
              List.of(
                  Field.of("invert_match", INVERT_ADDRESS, FieldDescriptorProto.Type.TYPE_BOOL))),
          Map.entry(
              "envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor",
              List.of(Field.of("shadow_mode", SHADOW_MODE, FieldDescriptorProto.Type.TYPE_BOOL))),
          Map.entry(
              "envoy.config.route.v3.RouteMatch",
              List.of(
                  new Field(
                      "cookies", COOKIES, FieldDescriptorProto.Type.TYPE_MESSAGE, COOKIE, true))),
          Map.entry(
              COOKIE,
              List.of(
                  Field.of("name", 1, FieldDescriptorProto.Type.TYPE_STRING),
                  Field.message("string_match", 2, "envoy.type.matcher.v3.StringMatcher"),
                  Field.of("invert_match", 3, FieldDescriptorProto.Type.TYPE_BOOL))),
          Map.entry(
              "envoy.config.route.v3.DirectResponseAction",
              List.of(
                  Field.message(
                      "body_format",
                      BODY_FORMAT,
                      "envoy.config.core.v3.SubstitutionFormatString"))),
          Map.entry(
              "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              List.of(
                  new Field(
                      "hash_policy",
                      HASH_POLICY,
                      FieldDescriptorProto.Type.TYPE_MESSAGE,
                      "envoy.config.route.v3.RouteAction.HashPolicy",
                      true))),
          Map.entry(
              MUTATION, List.of(Field.message("remove_on_match", REMOVE_ON_MATCH, REMOVED_NAMES))),
          Map.entry(
              REMOVED_NAMES,
              List.of(Field.message("key_matcher", 1, "envoy.type.matcher.v3.StringMatcher"))),
          Map.entry(
              "envoy.extensions.filters.http.header_mutation.v3.Mutations",
              List.of(
                  new Field(
                      "response_trailers_mutations",
                      RESPONSE_TRAILERS_MUTATIONS,
                      FieldDescriptorProto.Type.TYPE_MESSAGE,
                      MUTATION,
                      true),
                  new Field(
                      "request_trailers_mutations",
                      REQUEST_TRAILERS_MUTATIONS,
                      FieldDescriptorProto.Type.TYPE_MESSAGE,
                      MUTATION,
                      true))),
          Map.entry(
              "envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3"
                  + ".ClientSideWeightedRoundRobin",
              List.of(
                  Field.message(
                      "slow_start_config",
                      REPORTS_SLOW_START,
                      "envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig"))),
          Map.entry(
              "envoy.extensions.filters.network.http_connection_manager.v3"
                  + ".HttpConnectionManager.Tracing",
              List.of(
                  Field.of("operation", OPERATION, FieldDescriptorProto.Type.TYPE_STRING),
                  Field.of(
                      "upstream_operation",
                      UPSTREAM_OPERATION,
                      FieldDescriptorProto.Type.TYPE_STRING),
                  Field.of(
                      "no_context_propagation",
                      NO_CONTEXT_PROPAGATION,
                      FieldDescriptorProto.Type.TYPE_BOOL))),
          Map.entry(
              "envoy.config.route.v3.Tracing",
              List.of(
                  Field.of("operation", ROUTE_OPERATION, FieldDescriptorProto.Type.TYPE_STRING),
                  Field.of(
                      "upstream_operation",
                      ROUTE_UPSTREAM_OPERATION,
                      FieldDescriptorProto.Type.TYPE_STRING))),
          Map.entry(
              "envoy.config.trace.v3.OpenTelemetryConfig",
              List.of(Field.message("max_cache_size", SPANS_MAX, "google.protobuf.UInt32Value"))),
          Map.entry(
              "envoy.config.trace.v3.ZipkinConfig",
              List.of(
                  new Field(
                      "trace_context_option",
                      TRACE_CONTEXT_OPTION,
                      FieldDescriptorProto.Type.TYPE_ENUM,
                      TRACE_CONTEXT,
                      false))),
          Map.entry(
              ZONE_AWARE,
              List.of(Field.message("force_local_zone", 5, ZONE_AWARE + ".ForceLocalZone"))),
          Map.entry(
              ZONE_AWARE + ".ForceLocalZone",
              List.of(Field.message("min_size", 1, "google.protobuf.UInt32Value"))));

  private static final Map<String, List<String>> ENUMS =
      Map.of(
          LIMIT_OPTION, List.of("UNSPECIFIED", "OFF", "DRAFT_VERSION_03"),
          TRACE_CONTEXT, List.of("USE_B3", "USE_B3_WITH_W3C_PROPAGATION"));

  /** Types that there is no class for at all. */
  private static final Set<String> NEW =
      Set.of(
          COOKIE,
          ADDRESS_MATCH,
          ZONE_AWARE + ".ForceLocalZone",
          LIMIT_OPTION,
          REMOVED_NAMES,
          TRACE_CONTEXT);

  private NewerFields() {}

  /** The companion's descriptor by the message's full name; null when it has none. */
  public static @Nullable Descriptor companion(String message) {
    return FIELDS.containsKey(message) ? Companions.BY_NAME.get(message) : null;
  }

  /** The number of a message's newer field; 0 when there is none of the name. */
  static int number(String message, String field) {
    for (Field known : FIELDS.getOrDefault(message, List.of())) {
      if (known.name().equals(field)) {
        return known.number();
      }
    }
    return 0;
  }

  /** The name of a message's newer field; null when there is none of the number. */
  static @Nullable String name(String message, int number) {
    for (Field known : FIELDS.getOrDefault(message, List.of())) {
      if (known.number() == number) {
        return known.name();
      }
    }
    return null;
  }

  /** A text; empty when it is not set. */
  public static String text(Message message, int number) {
    return text(message.getUnknownFields(), number);
  }

  /** A text of a message that there is no class for; empty when it is not set. */
  public static String text(UnknownFieldSet fields, int number) {
    List<ByteString> values = fields.getField(number).getLengthDelimitedList();
    return values.isEmpty() ? "" : values.getLast().toStringUtf8();
  }

  /** The number of an enum's value; 0 when it is not set. */
  public static int number(Message message, int number) {
    List<Long> values = message.getUnknownFields().getField(number).getVarintList();
    return values.isEmpty() ? 0 : values.getLast().intValue();
  }

  public static boolean flag(Message message, int number) {
    return flag(message.getUnknownFields(), number);
  }

  /** A flag of a message that there is no class for. */
  public static boolean flag(UnknownFieldSet fields, int number) {
    List<Long> values = fields.getField(number).getVarintList();
    return !values.isEmpty() && values.getLast() != 0;
  }

  /** The values of a message field; malformed ones are errors in the scope. */
  public static <M extends Message> List<M> messages(
      UnknownFieldSet fields, int number, Parser<M> parser, ParseScope scope) {
    List<M> messages = new ArrayList<>();
    for (ByteString value : fields.getField(number).getLengthDelimitedList()) {
      try {
        messages.add(parser.parseFrom(value));
      } catch (InvalidProtocolBufferException e) {
        scope.error(value.size() + " bytes", "a well-formed message: " + e.getMessage());
      }
    }
    return messages;
  }

  /** The values of a field whose message there is no class for. */
  public static List<UnknownFieldSet> companions(
      Message message, int number, String companion, ParseScope scope) {
    List<UnknownFieldSet> values = new ArrayList<>();
    for (ByteString value : message.getUnknownFields().getField(number).getLengthDelimitedList()) {
      try {
        UnknownFieldSet fields = UnknownFieldSet.parseFrom(value);
        check(fields, companion, scope);
        values.add(fields);
      } catch (InvalidProtocolBufferException e) {
        scope.error(value.size() + " bytes", "a well-formed message: " + e.getMessage());
      }
    }
    return values;
  }

  private static void check(UnknownFieldSet fields, String companion, ParseScope scope) {
    for (int number : fields.asMap().keySet()) {
      if (name(companion, number) == null) {
        scope
            .field("#" + number)
            .error("field number " + number + " of " + companion, "a field known to this version");
      }
    }
  }

  /** Made when a configuration has such a field, which is seldom. */
  private static final class Companions {
    static final Map<String, Descriptor> BY_NAME = make();

    private static Map<String, Descriptor> make() {
      FileDescriptorProto.Builder file =
          FileDescriptorProto.newBuilder()
              .setName("meltemi/newer_fields.proto")
              .setPackage("meltemi.newer")
              .setSyntax("proto3");
      FileDescriptor[] others = {
        RetryPolicy.getDescriptor().getFile(),
        StringMatcher.getDescriptor().getFile(),
        SubstitutionFormatString.getDescriptor().getFile(),
        AddressMatcher.getDescriptor().getFile(),
        HeaderMutation.getDescriptor().getFile(),
        RouteAction.getDescriptor().getFile(),
        UInt32Value.getDescriptor().getFile(),
        SlowStartConfig.getDescriptor().getFile()
      };
      for (FileDescriptor other : others) {
        file.addDependency(other.getFullName());
      }
      FIELDS.forEach((name, fields) -> file.addMessageType(message(name, fields)));
      ENUMS.forEach(
          (name, values) -> {
            EnumDescriptorProto.Builder option = file.addEnumTypeBuilder().setName(plain(name));
            for (int i = 0; i < values.size(); i++) {
              option.addValueBuilder().setName(values.get(i)).setNumber(i);
            }
          });
      try {
        FileDescriptor made = FileDescriptor.buildFrom(file.build(), others);
        Map<String, Descriptor> byName = new HashMap<>();
        for (String name : FIELDS.keySet()) {
          byName.put(name, made.findMessageTypeByName(plain(name)));
        }
        return byName;
      } catch (DescriptorValidationException e) {
        throw new IllegalStateException(e);
      }
    }

    private static DescriptorProto message(String name, List<Field> fields) {
      DescriptorProto.Builder message = DescriptorProto.newBuilder().setName(plain(name));
      for (Field field : fields) {
        FieldDescriptorProto.Builder proto =
            message
                .addFieldBuilder()
                .setName(field.name())
                .setNumber(field.number())
                .setType(field.kind())
                .setLabel(
                    field.repeated()
                        ? FieldDescriptorProto.Label.LABEL_REPEATED
                        : FieldDescriptorProto.Label.LABEL_OPTIONAL);
        if (!field.type().isEmpty()) {
          proto.setTypeName(
              NEW.contains(field.type())
                  ? ".meltemi.newer." + plain(field.type())
                  : "." + field.type());
        }
      }
      return message.build();
    }

    private static String plain(String name) {
      return name.replace('.', '_');
    }
  }

  /** The message of {@link #LOCAL_REPLY_INPUT}. */
  public static Descriptor localReplyInput() {
    int dot = LOCAL_REPLY_INPUT.lastIndexOf('.');
    return IstioMessages.build(
        LOCAL_REPLY_INPUT.substring(0, dot),
        DescriptorProto.newBuilder().setName(LOCAL_REPLY_INPUT.substring(dot + 1)).build());
  }
}
