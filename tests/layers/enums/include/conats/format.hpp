// SPDX-License-Identifier: Apache-2.0
struct std::formatter<whole> {};
struct std::formatter<outer::inner> {};
