package io.meltemi.cli.command.rehearse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ThinDescriptorsTest {
  @Test
  void messagesStayAsTheyAreWithoutTheirAnnotations() throws Exception {
    ThinLoader loader = new ThinLoader();
    Descriptor thin =
        (Descriptor)
            loader.loadClass(Bootstrap.class.getName()).getMethod("getDescriptor").invoke(null);
    same(Bootstrap.getDescriptor(), thin, new HashSet<>());
    assertTrue(loader.thinned > 50, () -> "classes made thinner: " + loader.thinned);
    assertFalse(loader.annotations, "nobody asks for annotations");
  }

  @Test
  void otherClassesAreLeftAlone() throws IOException {
    String name = getClass().getName().replace('.', '/') + ".class";
    byte[] content = bytes(name);
    assertArrayEquals(content, ThinDescriptors.thin(name, content));
    assertArrayEquals(new byte[] {1}, ThinDescriptors.thin("x.txt", new byte[] {1}));
  }

  private static void same(Descriptor expected, Descriptor thin, Set<String> seen) {
    if (!seen.add(expected.getFullName())) {
      return;
    }
    assertEquals(expected.getFullName(), thin.getFullName());
    assertEquals(expected.getOptions().getMapEntry(), thin.getOptions().getMapEntry());
    assertEquals(expected.getFields().size(), thin.getFields().size());
    for (FieldDescriptor field : expected.getFields()) {
      FieldDescriptor other = thin.findFieldByNumber(field.getNumber());
      assertEquals(field.getFullName(), other.getFullName());
      assertEquals(field.getJsonName(), other.getJsonName());
      assertEquals(field.getType(), other.getType());
      assertEquals(field.isRepeated(), other.isRepeated());
      assertEquals(field.isPacked(), other.isPacked());
      assertEquals(field.hasPresence(), other.hasPresence());
      if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
        same(field.getMessageType(), other.getMessageType(), seen);
      }
    }
  }

  private static byte[] bytes(String name) throws IOException {
    try (InputStream in = ThinDescriptorsTest.class.getClassLoader().getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is not there");
      }
      return in.readAllBytes();
    }
  }

  /** Has classes of its own but for the platform's and protobuf's. */
  private static final class ThinLoader extends ClassLoader {
    private int thinned;
    private boolean annotations;

    ThinLoader() {
      super(ThinDescriptorsTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("java.") || name.startsWith("com.google.protobuf.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      annotations |= name.startsWith("io.envoyproxy.pgv.") || name.startsWith("udpa.annotations.");
      try {
        String file = name.replace('.', '/') + ".class";
        byte[] content = bytes(file);
        byte[] thin = ThinDescriptors.thin(file, content);
        thinned += thin == content ? 0 : 1;
        return defineClass(name, thin, 0, thin.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
