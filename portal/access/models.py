"""No tables: this room keeps the walls. (Django sends its migrate signals only to apps with a models module.)"""
