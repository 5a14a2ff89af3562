package io.meltemi.proxy.parse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.HttpService;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class NewerFieldsTest {
  private static final String COOKIE = "envoy.config.route.v3.CookieMatcher";

  private static ParseScope scope() {
    return ParseScope.root(Origin.of("test"));
  }

  private static List<String> errors(ParseScope scope) {
    return scope.out().finish(() -> "").errors().stream()
        .map(error -> error.path() + ": " + error.found())
        .toList();
  }

  private static RouteMatch match(String yaml) {
    return (RouteMatch)
        new BootstrapReader(Map.of())
            .read(RouteMatch.newBuilder(), yaml, Origin.of("test"))
            .orElseThrow();
  }

  @Test
  void readsWhatADocumentSays() {
    RouteMatch match =
        match("{prefix: /, cookies: [{name: a, stringMatch: {exact: b}, invert_match: true}]}");
    assertEquals(List.of(17), List.copyOf(match.getUnknownFields().asMap().keySet()));
    ParseScope scope = scope();
    List<UnknownFieldSet> cookies =
        NewerFields.companions(match, NewerFields.COOKIES, COOKIE, scope);
    assertEquals("a", NewerFields.text(cookies.getFirst(), 1));
    assertTrue(NewerFields.flag(cookies.getFirst(), 3));
    assertEquals(
        "b",
        NewerFields.messages(
                cookies.getFirst(),
                2,
                io.envoyproxy.envoy.type.matcher.v3.StringMatcher.parser(),
                scope)
            .getFirst()
            .getExact());
    assertEquals(List.of(), errors(scope));
  }

  @Test
  void onlyWhatIsConsumedIsTaken() {
    RouteMatch match = match("{prefix: /, cookies: [{name: a}]}");
    ParseScope scope = scope();
    SupportedFields without = SupportedFields.of(RouteMatch.class, "prefix");
    SupportedFields with = SupportedFields.of(RouteMatch.class, "prefix", "cookies");
    assertTrue(with.check(match, scope));
    assertEquals(false, without.check(match, scope));
    RouteMatch other =
        match.toBuilder()
            .setUnknownFields(
                UnknownFieldSet.newBuilder()
                    .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                    .build())
            .build();
    assertEquals(false, with.check(other, scope));
    assertEquals(
        List.of("cookies: set", "#99: field number 99 of envoy.config.route.v3.RouteMatch"),
        errors(scope));
  }

  @Test
  void badBytesAreErrors() {
    RouteMatch match =
        RouteMatch.newBuilder()
            .setUnknownFields(
                UnknownFieldSet.newBuilder()
                    .addField(
                        NewerFields.COOKIES,
                        UnknownFieldSet.Field.newBuilder()
                            .addLengthDelimited(ByteString.copyFrom(new byte[] {(byte) 0xFF}))
                            .addLengthDelimited(ByteString.copyFrom(new byte[] {0x48, 1}))
                            .addLengthDelimited(ByteString.copyFrom(new byte[] {0x12, 1, 0x0F}))
                            .build())
                    .build())
            .build();
    ParseScope scope = scope();
    List<UnknownFieldSet> cookies =
        NewerFields.companions(match, NewerFields.COOKIES, COOKIE, scope);
    assertEquals(2, cookies.size());
    assertEquals(
        List.of(),
        NewerFields.messages(
            cookies.getLast(),
            2,
            io.envoyproxy.envoy.type.matcher.v3.StringMatcher.parser(),
            scope));
    assertEquals(
        List.of(": 1 bytes", "#9: field number 9 of " + COOKIE, ": 1 bytes"), errors(scope));
  }

  @Test
  void companionsHaveTheFieldsOfTheWire() {
    assertNull(NewerFields.companion("envoy.config.route.v3.Route"));
    assertEquals(
        NewerFields.AUTH_PATH_OVERRIDE,
        Objects.requireNonNull(NewerFields.companion(HttpService.getDescriptor().getFullName()))
            .findFieldByName("path_override")
            .getNumber());
    assertEquals(
        "", NewerFields.text(HttpService.getDefaultInstance(), NewerFields.AUTH_PATH_OVERRIDE));
  }
}
