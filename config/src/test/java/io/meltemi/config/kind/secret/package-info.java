@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.secret;
