package io.meltemi.proxy.parse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import io.envoyproxy.envoy.config.core.v3.Node;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MessageTypesTest {
  private static final Node NODE = Node.newBuilder().setId("n").build();

  @Test
  void unpacksWhatAnAnyHolds() throws InvalidProtocolBufferException {
    Any any = Any.pack(NODE);
    assertTrue(MessageTypes.holds(any, Node.class));
    assertFalse(MessageTypes.holds(any, StringValue.class));
    assertEquals(any, MessageTypes.pack(NODE));
    assertEquals(NODE, MessageTypes.unpack(any, Node.class));
    assertSame(Node.getDescriptor(), MessageTypes.descriptor(Node.class));
  }

  @Test
  void anotherTypeAndBrokenBytesAreRefused() {
    assertThrows(
        InvalidProtocolBufferException.class,
        () -> MessageTypes.unpack(Any.pack(NODE), StringValue.class));
    Any broken = Any.pack(NODE).toBuilder().setValue(ByteString.copyFromUtf8("\u0007")).build();
    assertThrows(
        InvalidProtocolBufferException.class, () -> MessageTypes.unpack(broken, Node.class));
    assertThrows(IllegalArgumentException.class, () -> MessageTypes.descriptor(Message.class));
  }

  @Test
  void messagesAreFoundByTheirFullName() {
    var byName =
        MessageTypes.byName(
            List.of(
                Node.class,
                StringValue.class,
                com.github.xds.type.v3.TypedStruct.class,
                com.github.udpa.udpa.type.v1.TypedStruct.class));
    assertEquals(
        Set.of(
            "envoy.config.core.v3.Node",
            "google.protobuf.StringValue",
            "xds.type.v3.TypedStruct",
            "udpa.type.v1.TypedStruct"),
        byName.keySet());
    byName.forEach((name, descriptor) -> assertEquals(name, descriptor.get().getFullName()));
  }
}
