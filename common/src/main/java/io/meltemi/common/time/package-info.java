/** Time as a constructor argument, so that a test can own it. */
@org.jspecify.annotations.NullMarked
package io.meltemi.common.time;
