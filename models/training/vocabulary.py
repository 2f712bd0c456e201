"""What the answers are called, in the order of the graphs' outputs."""

#: Age is a distribution over the years 0..100.
AGES = 101
GENDERS = ["male", "female"]
RACES = ["White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern"]
EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
#: FairFace's nine age groups, in years.
AGE_BINS = [(0, 2), (3, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 100)]
#: UTKFace's five groups over FairFace's seven races.
UTK_GROUPS = {"White": [0], "Black": [1], "Asian": [3, 4], "Indian": [5], "Other": [2, 6]}
